"""Markdown tables of a report, and their place in docs/explanation/performance.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from .calls import get_cost
from .rows import EXPONENT, RATES, Report, RequestCalls, Row
from .store_proxy import DELAY_MS

_BEGIN, _END = "<!-- begin: make bench -->", "<!-- end: make bench -->"


def render_tables(report: Report) -> str:
    """Return all tables in Markdown."""
    lines = [f"{report.date}, {report.machine}, {report.data}, took {report.seconds:.0f} s.", ""]
    for section, rows in groupby(report.rows, key=lambda row: row.section):
        lines += [f"### {section}", "", *_render_section(list(rows)), ""]
    lines += ["### Calls per request", "", *_render_requests(report.requests)]
    return "\n".join(lines) + "\n"


def update_document(document: Path, report: Report) -> None:
    """Replace the tables between the markers of a document."""
    text = document.read_text()
    before, after = text.split(_BEGIN)[0], text.split(_END)[1]
    document.write_text(f"{before}{_BEGIN}\n{render_tables(report)}{_END}{after}")


def _render_requests(requests: Sequence[RequestCalls]) -> Iterator[str]:
    yield f"| request | ms with {DELAY_MS} ms added | calls | USD per 1,000 | which |"
    yield "|---|---:|---:|---:|---|"
    for request in requests:
        names = ", ".join(f"{count} {name}" for name, count in request.calls.items())
        cost = f"{sum(request.calls.values())} | {get_cost(request) * 1e3:.4f}"
        yield f"| {request.name} | {request.ms:.0f} | {cost} | {names} |"


def _render_section(rows: list[Row]) -> Iterator[str]:
    """Yield a table with the columns that have values."""
    columns = {
        f"ours ({rows[0].unit})" if len({row.unit for row in rows}) == 1 else "ours": [
            _format(row, row.ours) for row in rows
        ],
        "baseline": [_format(row, row.baseline) for row in rows],
        "floor": [_format(row, row.floor) for row in rows],
        "of baseline": [_format_speed(row) for row in rows],
        "of floor": [f"{row.over_floor:.2f}" if row.over_floor else "" for row in rows],
        "goal": [_format_goal(row) for row in rows],
        "": [row.note for row in rows],
    }
    shown = {name: values for name, values in columns.items() if any(values)}
    yield f"| | {' | '.join(shown)} |"
    yield f"|---|{'---:|' * (len(shown) - ('' in shown))}{'---|' if '' in shown else ''}"
    for position, row in enumerate(rows):
        yield f"| {row.name} | {' | '.join(values[position] for values in shown.values())} |"


def _format(row: Row, value: float | None) -> str:
    if value is None:
        return ""
    return (
        f"{value:.2f}"
        if row.unit == EXPONENT
        else f"{value:.1f}"
        if value < 100
        else f"{value:,.0f}"
    )


def _format_speed(row: Row) -> str:
    if not row.over_baseline:
        return ""
    return f"1/{1 / row.over_baseline:.1f}"


def _format_goal(row: Row) -> str:
    if row.goal is None:
        return ""
    relation = "≥" if row.unit in RATES else "≤"
    return f"{relation} {_format(row, row.goal)}: {'yes' if row.is_goal_met else '**no**'}"
