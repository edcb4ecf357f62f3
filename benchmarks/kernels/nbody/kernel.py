"""Gravity among five bodies: double precision in structures, with square roots and divisions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import sqrt

TOPIC = "floats"
SIZE, SMALL_SIZE = 6_000, 20


@dataclass(slots=True)
class Body:
    x: float
    y: float
    z: float
    vx: float
    vy: float
    vz: float
    mass: float


def place_bodies() -> list[Body]:
    return [
        Body(
            i * 1.5, i * i * 0.25, 0.5 - i * 0.125, 0.25 - i * 0.0625, 0.125 * i, 0.03125 * (i & 1), 1.0 / (1 << 2 * i)
        )
        for i in range(5)
    ]


def advance(bodies: list[Body], pairs: list[tuple[Body, Body]], dt: float) -> None:
    for a, b in pairs:
        dx = a.x - b.x
        dy = a.y - b.y
        dz = a.z - b.z
        square = dx * dx + dy * dy + dz * dz
        pull = dt / (square * sqrt(square))
        mass = b.mass
        a.vx -= dx * mass * pull
        a.vy -= dy * mass * pull
        a.vz -= dz * mass * pull
        mass = a.mass
        b.vx += dx * mass * pull
        b.vy += dy * mass * pull
        b.vz += dz * mass * pull
    for body in bodies:
        body.x += dt * body.vx
        body.y += dt * body.vy
        body.z += dt * body.vz


def run(n: int) -> float:
    bodies = place_bodies()
    pairs = list(combinations(bodies, 2))
    for _ in range(n):
        advance(bodies, pairs, 0.0078125)
    energy = 0.0
    for i, a in enumerate(bodies):
        energy += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
        for b in bodies[i + 1 :]:
            dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
            energy -= a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
    return energy
