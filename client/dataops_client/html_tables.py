"""HTML tables of notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def format_html_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table for `_repr_html_`. All texts are escaped, None is an empty cell.

    Args:
        caption: Text above the table.
        header: Headings of the columns.
        rows: Cells by row.
    """
    lines = ["<table>", f"<caption>{escape(caption)}</caption>", _format_row(header, "th")]
    lines += [_format_row(row, "td") for row in rows]
    return "\n".join([*lines, "</table>"])


def _format_row(cells: Sequence[object], tag: str) -> str:
    texts = ("" if cell is None else escape(str(cell)) for cell in cells)
    return f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in texts)}</tr>"


def format_count(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 file` or `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_size(size_bytes: int) -> str:
    """Return a size with a decimal unit, such as `6.0 MB`."""
    size, units = float(size_bytes), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 999.95 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size_bytes} {units[0]}" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
