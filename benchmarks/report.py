"""Tables, JSON and the plot of what was measured."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.micro import Start
from benchmarks.suite import BY_HAND, Row
from benchmarks.timing import geometric_mean


def kernel_table(rows: Sequence[Row], names: Sequence[str], reference: str) -> str:
    """Times of the reference and, for everyone else, how many times longer; the last line has geometric means."""
    others = [name for name in names if name != reference]
    head = f"{'kernel':14s} {'topic':15s} {reference:>10s} " + " ".join(f"{name:>10s}" for name in others)
    lines = [head, "-" * len(head)]
    for row in rows:
        cells = " ".join(_ratio(row.ratios.get(name)) for name in others)
        lines.append(f"{row.kernel:14s} {row.topic:15s} {row.seconds[reference] * 1e3:7.1f} ms {cells}")
    means = " ".join(_ratio(mean) for mean in geometric_means(rows, others).values())
    lines.append(f"{'geometric mean':30s} {'':10s} {means}")
    lines.append(f"Ratios are times divided by that of {reference}: above 1 is slower than it.")
    return "\n".join(lines)


def geometric_means(rows: Sequence[Row], names: Sequence[str]) -> dict[str, float]:
    """The geometric mean over the kernels of every contender's ratio."""
    return {name: geometric_mean(row.ratios[name] for row in rows if name in row.ratios) for name in names}


def call_table(costs: dict[str, dict[str, float]]) -> str:
    """Nanoseconds a call, and how many Python calls that is."""
    lines = []
    for direction, by_engine in costs.items():
        plain = by_engine["python"]
        lines.append(f"one {direction}:")
        lines += [f"  {name:12s} {cost:10.0f} ns  {cost / plain:8.1f} x" for name, cost in by_engine.items()]
    return "\n".join(lines)


def compile_table(count: int, costs: dict[str, float]) -> str:
    """Compile speed in both directions."""
    lines = [f"compiling {count} instructions (wasmz validates as well):"]
    lines += [
        f"  {name:12s} {cost:7.2f} microseconds an instruction, {1e6 / cost:9.0f} instructions a second"
        for name, cost in costs.items()
    ]
    return "\n".join(lines)


def start_table(costs: dict[str, dict[str, Start]]) -> str:
    """Whole processes."""
    lines = []
    for title, by_engine in costs.items():
        lines.append(f"process that loads {title}:")
        lines += [
            f"  {name:12s} {start.seconds * 1e3:8.0f} ms, peak memory {start.peak_bytes / 2**20:6.0f} MiB"
            for name, start in by_engine.items()
        ]
    return "\n".join(lines)


def as_json(rows: Sequence[Row], extras: dict[str, Any]) -> dict[str, Any]:
    """Everything measured, as values that ``json`` takes."""
    kernels = {row.kernel: {"topic": row.topic, "seconds": row.seconds, "ratios": row.ratios} for row in rows}
    return {"python": platform.python_version(), "machine": platform.machine(), "kernels": kernels, **extras}


def plot(rows: Sequence[Row], names: Sequence[str], reference: str, path: Path) -> None:
    """Bars of the ratios, logarithmic; needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shown = [name for name in names if name != reference]
    figure, axes = plt.subplots(figsize=(max(9, 1.5 + 0.75 * (len(rows) + 1)), 5))
    labels = [row.kernel for row in rows] + ["geometric\nmean"]
    width = 0.8 / len(shown)
    means = geometric_means(rows, shown)
    for index, name in enumerate(shown):
        places = [x - 0.4 + width * (index + 0.5) for x in range(len(labels))]
        heights = [row.ratios.get(name, 1.0) for row in rows] + [means[name]]
        hatch = "//" if name == BY_HAND else None
        axes.bar(places, [height - 1 for height in heights], width, bottom=1, label=name, hatch=hatch)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_ylabel(f"time / time of {reference}")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_title(f"Python {platform.python_version()}: above 1 is slower than {reference}")
    axes.legend(ncols=len(shown), fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.22))
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _ratio(value: float | None) -> str:
    if value is None:
        return f"{'-':>10s}"
    return f"{value:9.{3 if value < 0.1 else 2 if value < 100 else 0}f}x"
