"""Commands `dataops dataset` for administrators."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dataops_client.cli import console
from dataops_client.cli.dataset_arguments import Version, print_advisories
from dataops_client.cli.global_options import open_client
from dataops_client.datasets.reference import parse_reference

Reason = Annotated[
    str,
    typer.Option(metavar="TEXT", help="Explanation for users of the data.", show_default=False),
]


def advise(
    context: typer.Context,
    dataset: Version,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="superseded, deprecated or withdrawn.", show_default=False
        ),
    ],
    reason: Reason,
    sub_run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NC/RUN/SUB_RUN",
            help="Sub-run that is concerned; the whole version by default; repeatable.",
        ),
    ] = None,
    superseded_by: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Number of the version to use instead.")
    ] = None,
) -> None:
    """Warn users of a version; it requires the scope admin.

    The data stay available. Responses of the API, `dataops dataset verify` and
    exports contain the advisory.
    """
    with open_client(context) as client:
        version = client.add_advisory(
            dataset, kind, reason, sub_runs=sub_run or (), superseded_by=superseded_by
        )
    print_advisories(version.reference, version.advisories)


def doi(
    context: typer.Context,
    dataset: Version,
    doi: Annotated[
        str,
        typer.Argument(metavar="DOI", help="DOI, such as 10.5281/zenodo.1.", show_default=False),
    ],
) -> None:
    """Record the DOI of a version; it requires the scope admin.

    A version with a DOI cannot be deleted.
    """
    with open_client(context) as client:
        version = client.set_dataset_doi(dataset, doi)
    print(f"{version.reference}: {version.doi}")


def delete(
    context: typer.Context,
    dataset: Version,
    reason: Reason,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask on a terminal.")] = False,
) -> None:
    """Delete a version; it requires the scope admin.

    Title, content id and reason stay readable.
    """
    parse_reference(dataset, exact=True)
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm(f"Delete {dataset}? It cannot be pulled any more.", abort=True, err=True)
    with open_client(context) as client:
        deleted = client.delete_dataset(dataset, reason)
    console.print_note(f"deleted {dataset}, content id {deleted.content_id}")
