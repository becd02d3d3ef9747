"""Commands for the files and bonds of one sub-run."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dataops_client.cli import console
from dataops_client.cli.arguments import AsJson, Nc, RunNumber, SubRunNumber
from dataops_client.cli.global_options import open_client
from dataops_client.cli.rows import Column, format_size_cell, print_json, print_rows
from dataops_client.html_tables import format_count, format_size

_FILE_COLUMNS = (
    Column("name", "file"),
    Column("role", "role"),
    Column("size_bytes", "size", format_size_cell, right=True),
)
_BOND_COLUMNS = (
    Column("label_a", "atom a"),
    Column("label_b", "atom b"),
    Column("bond_type", "type"),
    Column("distance_angstrom", "distance (A)", right=True),
    Column("minus_icohp_ev", "-ICOHP (eV)", right=True),
)


def files(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    sub_run: SubRunNumber,
    as_json: AsJson = False,
) -> None:
    """List the files of a sub-run, with their roles and sizes."""
    with open_client(context) as client:
        manifest = client.manifest(nc, run, sub_run)
    print_rows(_FILE_COLUMNS, [asdict(file) for file in manifest.files], as_json=as_json)
    if not as_json:
        console.print_note(
            f"{format_count(len(manifest.files), 'file')}, {format_size(manifest.size_bytes)}"
        )
        for skipped in manifest.skipped:
            console.print_note(f"not in archives: {skipped.name} ({skipped.reason})")


def file(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    sub_run: SubRunNumber,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the file.", show_default=False)
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            show_default=False,
            help="File or folder to write, or - for standard output; by default NAME.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Download one file of a sub-run."""
    with open_client(context) as client:
        if output == "-":
            import shutil  # noqa: PLC0415 - with tempfile, 8 ms that other commands do not need
            import tempfile  # noqa: PLC0415

            with tempfile.TemporaryDirectory() as folder:
                path = client.file(nc, run, sub_run, name, Path(folder) / "file")
                with path.open("rb") as content:
                    shutil.copyfileobj(content, sys.stdout.buffer)
            return
        path = client.file(nc, run, sub_run, name, output)
    if as_json:
        print_json({"path": str(path), "size_bytes": path.stat().st_size})
    else:
        print(path)


def bonds(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    sub_run: SubRunNumber,
    as_json: AsJson = False,
) -> None:
    """List the bonds of a sub-run, with distance and -ICOHP."""
    with open_client(context) as client:
        found = client.bonds(nc, run, sub_run)
    rows = [asdict(bond) for bond in found.bonds]
    print_rows(_BOND_COLUMNS, rows, as_json=as_json, document=asdict(found))
    if not as_json:
        types = ", ".join(f"{each.bonds} {each.bond_type}" for each in found.bond_types)
        console.print_note(f"{format_count(len(rows), 'bond')}: {types}")
