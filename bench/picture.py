"""The picture of a report: times of the floor, and requests per second."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .rows import Report, Row

_WIDTH_INCHES, _DPI = 8, 100
_BLUE, _GRAY, _GREEN = "#2563a8", "#9aa3ad", "#2e8b57"
_LOAD = "Requests per second"


def draw(report: Report, path: Path) -> None:
    """Write the picture as an SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - 0.5 s, and only here

    mpl.use("svg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    mpl.rcParams |= {"svg.hashsalt": "dataops", "font.size": 9, "svg.fonttype": "path"}
    downloads = [row for row in report.rows if row.section.startswith("Downloads")]
    delayed = [row for row in report.rows if row.section.startswith("Links with")]
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(_WIDTH_INCHES, 8), height_ratios=(3, 2), layout="constrained"
    )
    _draw_times(above, [*downloads, *delayed])
    _draw_rates(below, [row for row in report.rows if row.section.startswith(_LOAD)])
    figure.savefig(path, dpi=_DPI, metadata={"Date": None})
    plt.close(figure)


def _draw_times(axes: Any, rows: Sequence[Row]) -> None:
    labels = [
        f"{row.name}, link + 20 ms" if row.section.startswith("Links") else row.name for row in rows
    ]
    places = range(len(rows))[::-1]
    axes.barh(places, [row.ours for row in rows], color=_BLUE, label="DataOps API", height=0.6)
    for values, color, marker, label in (
        ([row.floor for row in rows], _GREEN, "|", "floor: the least possible work"),
        ([row.baseline for row in rows], _GRAY, "D", "baseline: the prototype"),
        ([row.goal for row in rows], "black", 4, "goal: at most"),
    ):
        axes.scatter(
            [value if value else float("nan") for value in values],
            places,
            color=color,
            marker=marker,
            s=150 if marker == "|" else 24,
            linewidths=3 if marker == "|" else 1,
            label=label,
            zorder=3,
        )
    axes.set_yticks(places, labels)
    axes.set_xscale("log")
    axes.set_xlabel("time (ms, logarithmic)")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=4, fontsize=8, frameon=False)
    axes.set_title("Downloads of a sub-run and of a whole run", loc="left", pad=24)


def _draw_rates(axes: Any, rows: Sequence[Row]) -> None:
    sections = list(dict.fromkeys(row.section for row in rows))
    # By kind of request; the sort is stable, so the numbers of callers keep their order.
    names = sorted(dict.fromkeys(row.name for row in rows), key=lambda name: name.split(",")[0])
    width = 0.8 / max(len(sections), 1)
    for number, section in enumerate(sections):
        rates = {row.name: row.ours for row in rows if row.section == section}
        axes.bar(
            [place + (number - (len(sections) - 1) / 2) * width for place in range(len(names))],
            [rates[name] for name in names],
            width,
            color=(_BLUE, _GREEN)[number],
            label=section.partition(", ")[2],
        )
    axes.set_xticks(
        range(len(names)), [re.sub(", | (?=download)", "\n", name) for name in names], fontsize=7
    )
    axes.set_ylabel("requests per second")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title("Requests per second; load, API and stores share the machine", loc="left")
