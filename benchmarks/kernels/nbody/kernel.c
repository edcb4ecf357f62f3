#include "../kernel.h"

#define BODIES 5

typedef struct {
    double x, y, z, vx, vy, vz, mass;
} Body;

static Body bodies[BODIES];

static void place_bodies(void) {
    for (i32 i = 0; i < BODIES; i++) {
        Body *b = &bodies[i];
        b->x = i * 1.5, b->y = i * i * 0.25, b->z = 0.5 - i * 0.125;
        b->vx = 0.25 - i * 0.0625, b->vy = 0.125 * i, b->vz = 0.03125 * (i & 1);
        b->mass = 1.0 / (1 << (2 * i));
    }
}

static void advance(double dt) {
    for (i32 i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        for (i32 j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz;
            double pull = dt / (square * __builtin_sqrt(square));
            a->vx -= dx * b->mass * pull, a->vy -= dy * b->mass * pull, a->vz -= dz * b->mass * pull;
            b->vx += dx * a->mass * pull, b->vy += dy * a->mass * pull, b->vz += dz * a->mass * pull;
        }
    }
    for (i32 i = 0; i < BODIES; i++) {
        Body *b = &bodies[i];
        b->x += dt * b->vx, b->y += dt * b->vy, b->z += dt * b->vz;
    }
}

double EXPORT(run)(i32 n) {
    double energy = 0;
    place_bodies();
    for (i32 step = 0; step < n; step++) advance(0.0078125);
    for (i32 i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        energy += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
        for (i32 j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            energy -= a->mass * b->mass / __builtin_sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return energy;
}
