"""Arguments, rows and texts that several commands of `dataops dataset` share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from dataops_client.cli import console
from dataops_client.cli.run_status import format_time
from dataops_client.models.datasets import Advisory, DatasetVersion

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the dataset.", show_default=False)
]
VersionOrLatest = Annotated[
    str,
    typer.Argument(
        metavar="NAME[@VERSION]",
        help="Dataset, such as cuzr@1.2.0; the latest version by default.",
        show_default=False,
    ),
]
Version = Annotated[
    str,
    typer.Argument(metavar="NAME@VERSION", help="Dataset, such as cuzr@1.2.0.", show_default=False),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]


def build_document(version: DatasetVersion) -> dict[str, Any]:
    """Return a version for JSON."""
    return asdict(version) | {
        "created_at": format_time(version.created_at),
        "advisories": build_advisories(version.advisories),
    }


def build_advisories(advisories: Iterable[Advisory]) -> list[dict[str, Any]]:
    """Return advisories for JSON."""
    return [asdict(each) | {"created_at": format_time(each.created_at)} for each in advisories]


def print_advisories(reference: str, advisories: Iterable[Advisory]) -> None:
    """Print a warning per advisory."""
    for advisory in advisories:
        console.print_warning(f"{reference} is {advisory}")


def format_state(version: DatasetVersion) -> str:
    """Return the kinds of the advisories of a version, or `current`."""
    return ", ".join(sorted({each.kind for each in version.advisories})) or "current"
