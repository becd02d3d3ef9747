"""Rows of data on standard output: table, tab-separated values or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dataops_client.errors import to_printable
from dataops_client.html_tables import format_size


def format_size_cell(size_bytes: int | None) -> str:
    """Return the text of a size in a table."""
    return "-" if size_bytes is None else format_size(size_bytes)


def format_cell(value: Any) -> str:
    """Return the text of a value in a table."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return to_printable(str(value))


class Column(NamedTuple):
    """Column of a table: key of its values, heading, format for people, and alignment."""

    key: str
    heading: str
    format: Callable[[Any], str] = format_cell
    right: bool = False


def print_rows(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str] | None = None,
    as_json: bool = False,
    document: Any = None,
) -> None:
    """Print a table on a terminal, and tab-separated values otherwise.

    Args:
        columns: Columns of the table.
        rows: Values by key.
        keys: Header of tab-separated values; the keys of the columns by default.
        as_json: Print one JSON document instead.
        document: JSON document; the rows by default.
    """
    if as_json:
        print_json(rows if document is None else document)
    elif sys.stdout.isatty():
        _print_table(columns, rows)
    else:
        keys = keys or [column.key for column in columns]
        print("\t".join(keys))
        for row in rows:
            print("\t".join(_format_value(row.get(key)) for key in keys))


def print_json(document: Any) -> None:
    """Print a JSON document on one line."""
    print(json.dumps(document, ensure_ascii=False, default=str))


def _print_table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    cells = [[column.heading for column in columns]]
    cells += [[column.format(row.get(column.key)) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        print(_wrap_last("  ".join(padded).rstrip(), sum(widths[:-1]) + 2 * len(widths[:-1])))


def _wrap_last(line: str, indent: int) -> str:
    """Return a line with its last column wrapped, if it is wider than the terminal."""
    from shutil import get_terminal_size  # noqa: PLC0415 - tables only: it imports archive formats

    width = get_terminal_size().columns
    if len(line) <= width or indent > width // 2:
        return line
    from textwrap import wrap  # noqa: PLC0415

    parts = wrap(line[indent:], width - indent, break_long_words=False, break_on_hyphens=False)
    return line[:indent] + f"\n{' ' * indent}".join(parts)


def _format_value(value: Any) -> str:
    """Return the text of a value in tab-separated values: None is empty."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else to_printable(str(value))
