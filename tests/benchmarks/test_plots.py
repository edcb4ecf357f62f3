"""Plots: those of the page show its tables, and all others are well-formed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import plots, report
from benchmarks.start import Row, Samples

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.generated
@pytest.mark.parametrize("plot", plots.PLOTS, ids=lambda plot: plot.name)
def test_plots_are_those_of_the_page(plot: plots.Plot) -> None:
    text = plots.PAGE.read_text(encoding="utf-8")
    path = plots.DOCS / f"{plot.name}.svg"
    assert path.read_text(encoding="utf-8") == plots.draw(plot, text), "run: python -m benchmarks.plots"
    assert f"]({plot.name}.svg)" in text


def test_bars_are_as_long_as_their_figures() -> None:
    drawn = ET.fromstring(
        plots.bars("a < b", [("x", [[(2.0, "3.12")], [(4.0, "")]]), ("y", [[(1.0, "")], []])], ("p", "q"))
    )
    widths = [float(bar.get("width", 0)) for bar in drawn.findall(f"{SVG}rect") if bar.get("height") == "10"]
    assert widths[:3] == pytest.approx([widths[1] / 2, widths[1], widths[1] / 4], abs=0.1)
    texts = [text.text for text in drawn.findall(f"{SVG}text")]
    assert {"a < b", "x", "y", "p", "q", "2 on 3.12", "4", "1"} == set(texts)


def test_a_run_can_be_drawn(tmp_path: Path) -> None:
    samples = {"wasmz cold": [1.0, 2.0, 3.0], "pwasm cold": [4.0, 8.0, 12.0], "wasmz warm": [1.0], "pwasm warm": [3.0]}
    row = Row("lua", {name: Samples(seconds) for name, seconds in samples.items()})
    path = tmp_path / "folder" / "starts.svg"
    report.plot_starts([row, Row("alone", {"wasmz cold": Samples([1.0])})], path)
    texts = {text.text for text in ET.fromstring(path.read_text(encoding="utf-8")).findall(f"{SVG}text")}
    assert {"lua", "4", "3"} <= texts and "alone" not in texts
    with pytest.raises(ValueError, match="pwasm"):
        report.plot_starts([], path)


def test_tables_are_found_by_their_heads() -> None:
    head, lines = plots.read_table("words\n\n| a | b |\n|---|---|\n| 1 | 2 / 3 |\n\n| a |\n", "a")
    assert (head, lines) == (["a", "b"], [["1", "2 / 3"]])
    with pytest.raises(ValueError, match="begins with c"):
        plots.read_table("| a |", "c")
