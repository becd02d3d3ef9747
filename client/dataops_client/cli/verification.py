"""Command `dataops verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataops_client.cli import console
from dataops_client.cli.arguments import AsJson
from dataops_client.cli.exit_codes import EXIT_FAILURE
from dataops_client.cli.rows import Column, print_rows
from dataops_client.html_tables import format_count
from dataops_client.verify import verify as verify_folders

_COLUMNS = (
    Column("folder", "folder"),
    Column("files", "files", right=True),
    Column("state", "state"),
    Column("differences", "differences", right=True),
)


def verify(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that archives were extracted to.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Verify extracted files by size and SHA-256, without the API.

    Missing, changed and extra files are listed on standard error.
    """
    results = list(verify_folders(directory))
    rows = [
        {
            "folder": str(result.folder),
            "files": result.files,
            "state": result.state,
            "differences": len(result.differences),
        }
        for result in results
    ]
    document = [
        row
        | {
            "differences": [
                {"kind": found.kind, "path": str(found.path)} for found in result.differences
            ]
        }
        for row, result in zip(rows, results, strict=True)
    ]
    print_rows(_COLUMNS, rows, as_json=as_json, document=document)
    modified = [result for result in results if result.differences]
    if not as_json:
        for result in modified:
            for found in result.differences:
                console.print_note(f"{found.kind}: {found.path}")
        folders = format_count(len(results), "folder")
        files = format_count(sum(result.files for result in results), "file")
        console.print_note(f"{folders}, {files}, {len(modified)} modified")
    if modified:
        raise typer.Exit(EXIT_FAILURE)
