"""Plots of measured figures as SVG, without another package.

    python -m benchmarks.plots                             those of docs/performance.md, from its tables
    bars(title, rows, ("cold", "warm"))                    any other, such as of python -m benchmarks --plot-starts

A plot of the page has no figures of its own: what is drawn is what its table says, and a test holds it to that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "performance.md"

# Seen on white and on black.
_COLOURS = ("#3f7fbf", "#e0883a", "#7aa874")
_TEXT = "#808080"
_WIDTH, _LEFT, _RIGHT = 720, 170, 60
_BAR, _GAP = 11, 10

# A label, and for each series the bars that belong together: a value, and what is written beside it.
Group = Sequence[tuple[float, str]]
Row = tuple[str, Sequence[Group]]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot of a table of the page.

    Attributes:
        name: of the file, without its suffix.
        title: what is measured.
        head: the first cell of the table's head.
        series: columns of the table, by their heads, and how the legend calls them.
        versions: what the figures of a cell are of that are separated by slashes.
    """

    name: str
    title: str
    head: str
    series: dict[str, str]
    versions: tuple[str, ...] = ()


PLOTS = (
    Plot(
        "starts",
        "CPU time of whole processes to the first result, pwasm ÷ wasmz: above 1, wasmz is faster",
        "`pwasm` ÷ wasmz",
        {"cold": "empty caches", "warm": "filled caches"},
        ("3.11", "3.12", "3.13"),
    ),
    Plot(
        "kernels",
        "Kernels below 2, pwasm ÷ wasmz: above 1, wasmz is faster, or executes less",
        "kernel",
        {"time": "time", "`pwasm` ÷ wasmz, count": "executed instructions of CPython"},
    ),
)


def read_table(text: str, head: str) -> tuple[list[str], list[list[str]]]:
    """The cells of a table of a page, by the first cell of its head: the head, and the other lines.

    Raises:
        ValueError: there is none.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines):
        cells = _cells(line)
        if cells and cells[0] == head:
            rows = []
            for below in lines[number + 2 :]:
                if not below.startswith("|"):
                    break
                rows.append(_cells(below))
            return cells, rows
    raise ValueError(f"there is no table that begins with {head}")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []


def draw(plot: Plot, text: str) -> str:
    """A plot of the page's text."""
    head, lines = read_table(text, plot.head)
    rows: list[Row] = []
    for line in lines:
        groups = []
        for column in plot.series:
            figures = re.findall(r"\d+(?:\.\d+)?", line[head.index(column)])
            versions = plot.versions or ("",) * len(figures)
            groups.append([(float(figure), version) for figure, version in zip(figures, versions, strict=True)])
        rows.append((line[0].strip("`"), groups))
    return bars(plot.title, rows, tuple(plot.series.values()))


def bars(title: str, rows: Sequence[Row], legend: Sequence[str]) -> str:
    """Horizontal bars, and a line at 1."""
    largest = max(value for _, groups in rows for group in groups for value, _ in group)
    scale = (_WIDTH - _LEFT - _RIGHT) / largest
    parts: list[str] = []
    y = 58.0
    for label, groups in rows:
        height = sum(len(group) for group in groups) * _BAR
        parts.append(_words(_LEFT - 8, y + height / 2 + 4, label, "end"))
        for colour, group in zip(_COLOURS, groups, strict=False):
            for value, note in group:
                parts.append(
                    f'<rect x="{_LEFT}" y="{y:g}" width="{value * scale:.1f}" height="{_BAR - 1}" fill="{colour}"/>'
                )
                shown = f"{value:g}" + (f" on {note}" if note else "")
                parts.append(_words(_LEFT + value * scale + 4, y + _BAR - 2, shown, size=9))
                y += _BAR
        y += _GAP
    one = _LEFT + scale
    parts.append(f'<path d="M{one:.1f} 50V{y:g}" stroke="{_TEXT}" stroke-dasharray="3 3"/>')
    x = float(_LEFT)
    for colour, name in zip(_COLOURS, legend, strict=False):
        parts.append(f'<rect x="{x:g}" y="32" width="10" height="10" fill="{colour}"/>')
        parts.append(_words(x + 15, 41, name))
        x += 30 + 6.2 * len(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y:g}" width="{_WIDTH}" height="{y:g}" '
        f'font-family="sans-serif" fill="{_TEXT}">\n<title>{escape(title)}</title>\n'
        f"{_words(12, 18, title, size=13)}\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _words(x: float, y: float, text: str, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:g}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'


def main() -> None:
    """Draws the plots of the page."""
    text = PAGE.read_text(encoding="utf-8")
    for plot in PLOTS:
        (DOCS / f"{plot.name}.svg").write_text(draw(plot, text), encoding="utf-8")


if __name__ == "__main__":
    main()
