"""Tables, JSON and the plots of what was measured."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import plots, start
from benchmarks.corpus.measure import Steady
from benchmarks.instructions import Executed
from benchmarks.suite import BY_HAND, Row
from benchmarks.timing import geometric_mean, paired_ratio


def kernel_table(rows: Sequence[Row], names: Sequence[str], reference: str) -> str:
    """Times of the reference and, for everyone else, how many times longer; the last line has geometric means."""
    others = [name for name in names if name != reference]
    head = f"{'kernel':14s} {'topic':15s} {reference:>10s} " + " ".join(f"{name:>10s}" for name in others)
    lines = [head, "-" * len(head)]
    for row in rows:
        cells = " ".join(_ratio(row.ratios.get(name)) for name in others)
        star = "*" if row.origin else ""
        lines.append(f"{row.kernel + star:14s} {row.topic:15s} {row.seconds[reference] * 1e3:7.1f} ms {cells}")
    groups = {
        "geometric mean": rows,
        "  of code from elsewhere (*)": [row for row in rows if row.origin],
        "  of code written for this": [row for row in rows if not row.origin],
    }
    for title, group in groups.items():
        if group and (group is rows or len(group) < len(rows)):
            means = " ".join(_ratio(mean) for mean in geometric_means(group, others).values())
            lines.append(f"{title:41s} {means}")
    lines.append(f"Ratios are times divided by that of {reference}: above 1 is slower than it.")
    lines += _goals(rows, reference)
    return "\n".join(lines)


def _goals(rows: Sequence[Row], reference: str) -> list[str]:
    """The comparisons that the project is about, the second the other way round than in the table."""
    lines = []
    against = [(row.ratios["pwasm"], row.kernel) for row in rows if "pwasm" in row.ratios]
    if against:
        mean, (least, kernel) = geometric_mean(ratio for ratio, _ in against), min(against)
        lines.append(f"pwasm / {reference}: geometric mean {mean:.2f}, least {least:.2f} ({kernel})")
    by_hand = [(1 / row.ratios[BY_HAND], row.kernel) for row in rows if BY_HAND in row.ratios]
    if by_hand:
        mean, (most, kernel) = geometric_mean(ratio for ratio, _ in by_hand), max(by_hand)
        lines.append(f"{reference} / by hand: geometric mean {mean:.2f}, most {most:.2f} ({kernel})")
    return lines


def geometric_means(rows: Sequence[Row], names: Sequence[str]) -> dict[str, float]:
    """The geometric mean over the kernels of every contender's ratio."""
    return {name: geometric_mean(row.ratios[name] for row in rows if name in row.ratios) for name in names}


def instruction_table(rows: Mapping[str, Mapping[str, Executed]]) -> str:
    """How many instructions a contender executes, and what one takes; the first one's kinds, the others' ratios."""
    reference, *others = next(iter(rows.values()))
    head = f"{'kernel':14s} {reference:>10s} {'moves':>6s} {'operations':>10s} {'control':>8s} {'ns each':>8s} "
    head += " ".join(f"{name:>10s} {'ns each':>8s}" for name in others)
    lines = [head, "-" * len(head)]
    for kernel, row in rows.items():
        own = row[reference]
        shares = (own.moves / own.total, own.operations / own.total, own.control / own.total)
        cells = " ".join(
            f"{row[n].total / own.total:9.2f}x {row[n].nanoseconds:8.1f}" if n in row else f"{'-':>10s} {'-':>8s}"
            for n in others
        )
        moves, operations, control = (f"{share:.0%}" for share in shares)
        lines.append(
            f"{kernel:14s} {own.total:10,} {moves:>6s} {operations:>10s} {control:>8s} {own.nanoseconds:8.1f} {cells}"
        )
    means = " ".join(
        f"{geometric_mean(row[n].total / row[reference].total for row in rows.values() if n in row):9.2f}x {'':8s}"
        for n in others
    )
    lines.append(f"{'geometric mean':60s} {means}")
    return "\n".join(lines)


def call_table(costs: dict[str, dict[str, float]]) -> str:
    """Nanoseconds a call, and how many Python calls that is."""
    lines = []
    for direction, by_engine in costs.items():
        plain = by_engine["python"]
        lines.append(f"one {direction}:")
        lines += [f"  {name:12s} {cost:10.1f} ns  {cost / plain:8.2f} x" for name, cost in by_engine.items()]
    return "\n".join(lines)


def corpus_table(rows: Sequence[Steady]) -> str:
    """The corpus' programs: one round of work of the first engine, and the others' ratios."""
    if not rows:
        return "no program of the corpus is there"
    reference, *others = rows[0].seconds
    head = f"{'program':14s} {reference:>12s} " + " ".join(f"{name:>10s}" for name in others)
    lines = [head, "-" * len(head)]
    for row in rows:
        cells = " ".join(_ratio(row.ratios[name]) for name in others)
        lines.append(f"{row.name:14s} {row.seconds[reference] * 1e3:9.1f} ms {cells}")
    means = " ".join(_ratio(geometric_mean(row.ratios[name] for row in rows)) for name in others)
    lines.append(f"{'geometric mean':27s} {means}")
    return "\n".join(lines)


def compile_table(costs: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Compile speed of whole modules, beside pwasm's translation."""
    lines = ["CPU time of compiling, microseconds an instruction (wasmz validates as well), and relative to pwasm:"]
    for module, found in costs.items():
        for name, samples in found.items():
            ratio = "" if name == "pwasm" else f"{paired_ratio(samples, found['pwasm']):8.3f}"
            lines.append(f"  {module:12s} {name:10s} {statistics.median(samples):8.2f} {ratio}")
    return "\n".join(lines)


def start_table(rows: Sequence[start.Row]) -> str:
    """Whole processes, and what they take above an empty one, or beside pwasm and the wasmz before."""
    lines = ["CPU time of whole processes:"]
    for row in rows:
        lines.append(f"{row.title}:")
        for name, samples in row.by_contender.items():
            line = f"  {name:14s} {samples.median * 1e3:8.1f} ms"
            if samples.peak_bytes:
                line += f", peak memory {samples.peak_bytes / 2**20:4.0f} MiB"
            if start.PASS in row.by_contender and name != start.PASS:
                line += f"    over {start.PASS}: {row.above(name) * 1e3:6.1f} ms"
            lines.append(line + _ratios(row, name))
    for state in (start.COLD, start.WARM):
        for other in ("pwasm", start.BEFORE):
            found = {row.title: row.ratio(f"{other} {state}", f"wasmz {state}") for row in rows}
            ratios = {title: ratio for title, ratio in found.items() if ratio is not None and title in start.CORPUS}
            if ratios:
                least = min(ratios, key=ratios.__getitem__)
                mean = geometric_mean(ratios.values())
                what = f"{other} / wasmz, {state}, geometric mean of {len(ratios)} programs"
                lines.append(f"{what}: {mean:.2f}; least: {ratios[least]:.2f} ({least})")
    return "\n".join(lines)


def _ratios(row: start.Row, name: str) -> str:
    own, _, state = name.rpartition(" ")
    shown = ""
    for other in ("pwasm", start.BEFORE):
        ratio = row.ratio(f"{other} {state}", name)
        if own == "wasmz" and ratio is not None:
            shown += f"    {other} / this: {ratio:.2f}"
    return shown


def throughput_table(speeds: dict[str, dict[str, float]]) -> str:
    """Megabytes a second through files, and how much of a Python loop's speed that is."""
    lines = ["100 MB in pieces of 64 KiB:"]
    for title, by_name in speeds.items():
        (guest, speed), (by_hand, reference) = by_name.items()
        lines.append(
            f"  {title:6s} {guest} {speed:6.0f} MB/s, {by_hand} {reference:6.0f} MB/s: {speed / reference:.2f}"
        )
    return "\n".join(lines)


def as_json(rows: Sequence[Row], extras: dict[str, Any]) -> dict[str, Any]:
    """Everything measured, as values that ``json`` takes."""
    kernels = {row.kernel: {key: value for key, value in asdict(row).items() if key != "kernel"} for row in rows}
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


def plot_starts(rows: Sequence[start.Row], path: Path) -> None:
    """Bars of how many times faster than pwasm's whole processes are, with empty and filled caches."""
    states = (start.COLD, start.WARM)
    compared = [
        (row.title, [[(round(row.ratio(f"pwasm {state}", f"wasmz {state}") or 0.0, 2), "")] for state in states])
        for row in rows
        if row.ratio(f"pwasm {start.COLD}", f"wasmz {start.COLD}") is not None
    ]
    if not compared:
        raise ValueError("nothing was run with pwasm that could be compared: pip install -e '.[bench]'")
    title = f"CPU time of whole processes to the first result on Python {platform.python_version()}, pwasm ÷ wasmz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(plots.bars(title, compared, ("empty caches", "filled caches")), encoding="utf-8")


def _ratio(value: float | None) -> str:
    if value is None:
        return f"{'-':>10s}"
    return f"{value:9.{3 if value < 0.1 else 2 if value < 100 else 0}f}x"


def deadline_table(late: dict[str, tuple[float, float]]) -> str:
    """How late guests are stopped, in milliseconds."""
    lines = [f"{'stopped after, ms':28s} {'main':>8s} {'thread':>8s}"]
    lines += [f"{kind:28s} {1000 * main:8.1f} {1000 * other:8.1f}" for kind, (main, other) in late.items()]
    return "\n".join(lines)
