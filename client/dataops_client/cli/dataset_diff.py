"""Command `dataops dataset diff`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from dataops_client.cli import console
from dataops_client.cli.arguments import AsJson
from dataops_client.cli.global_options import open_client
from dataops_client.cli.rows import Column, format_cell, print_rows
from dataops_client.models.datasets import DatasetDiff
from dataops_client.models.outcome_labels import get_outcome_label


def _format_mean(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _format_outcome(value: str | None) -> str:
    return "-" if value is None else format_cell(get_outcome_label(value))


_FILE_COLUMNS = (Column("change", "change"), Column("path", "file"))
_SCIENCE_COLUMNS = (
    Column("what", "what"),
    Column("before", "before", right=True),
    Column("after", "after", right=True),
)


def diff(
    context: typer.Context,
    versions: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME@A NAME@B",
            help="Two versions of a dataset; also NAME A B.",
            show_default=False,
        ),
    ],
    science: Annotated[
        bool,
        typer.Option("--science", help="Outcomes and mean -ICOHP (eV) instead of files."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two versions: their files, or their results."""
    if len(versions) == 3 and "@" not in "".join(versions):
        versions = [f"{versions[0]}@{version}" for version in versions[1:]]
    if len(versions) != 2:
        raise typer.BadParameter("name two versions, such as cuzr@1.0.0 cuzr@2.0.0")
    before, after = versions
    with open_client(context) as client:
        found = client.diff_datasets(before, after)
    document = {"from": before, "to": after} | asdict(found)
    columns = _SCIENCE_COLUMNS if science else _FILE_COLUMNS
    rows = _list_science(found) if science else _list_files(found)
    print_rows(columns, rows, as_json=as_json, document=document)
    if as_json:
        return
    counts = ", ".join(f"{found.files.get(kind, 0)} {kind}" for kind in _KINDS)
    documents = f"; changed description: {', '.join(found.documents)}" if found.documents else ""
    console.print_note(f"{found.change}: {counts}{documents}")
    if found.truncated:
        console.print_note("the lists are cut off; compare the manifests to see all files")


_KINDS = ("added", "removed", "changed", "unchanged")


def _list_files(found: DatasetDiff) -> list[dict[str, Any]]:
    return [
        {"change": kind, "path": path}
        for kind in ("added", "removed", "changed")
        for path in getattr(found, kind)
    ]


def _list_science(found: DatasetDiff) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "what": each.sub_run,
            "before": _format_outcome(each.before),
            "after": _format_outcome(each.after),
        }
        for each in found.outcomes
    ]
    for each in found.bonds:
        for what, before, after in (
            ("bonds", each.bonds_before, each.bonds_after),
            (
                "mean -ICOHP (eV)",
                _format_mean(each.mean_minus_icohp_ev_before),
                _format_mean(each.mean_minus_icohp_ev_after),
            ),
        ):
            rows.append({"what": f"{each.bond_type} {what}", "before": before, "after": after})
    return rows
