"""Commands `dataops dataset` that freeze and describe datasets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dataops_client.cli import console
from dataops_client.cli.arguments import AsJson
from dataops_client.cli.dataset_arguments import (
    Name,
    VersionOrLatest,
    build_document,
    format_state,
    print_advisories,
)
from dataops_client.cli.dataset_items import read_items
from dataops_client.cli.exit_codes import EXIT_INTERRUPTED
from dataops_client.cli.global_options import open_client
from dataops_client.cli.rows import Column, format_size_cell, print_json, print_rows
from dataops_client.cli.run_status import format_time
from dataops_client.cli.waiting import show_live_line
from dataops_client.errors import NotFound, TimedOut, to_printable
from dataops_client.html_tables import format_count, format_size
from dataops_client.models.datasets import DatasetVersion

_LIST_COLUMNS = (
    Column("name", "name"),
    Column("version", "latest"),
    Column("versions", "versions", right=True),
    Column("runs", "runs", right=True),
    Column("sub_runs", "sub-runs", right=True),
    Column("size_bytes", "size", format_size_cell, right=True),
    Column("state", "state"),
    Column("created_at", "created (UTC)"),
)
_FACT_COLUMNS = (Column("name", "name"), Column("value", "value"))


def create(
    context: typer.Context,
    filters: dict[str, Any],
    name: Name,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Title.", show_default=False)],
    items: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON of `dataops find --json`, or a list of objects with nc, id_run and "
            "sub_runs, instead of filters; - for standard input.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="full, or essential: what training requires.")
    ] = "full",
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing", help="Accept sub-runs that lack files of the profile."),
    ] = False,
    license_: Annotated[
        str | None,
        typer.Option("--license", metavar="SPDX", help="Licence; that of the data by default."),
    ] = None,
    creator: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Creator; those of the data by default; repeatable."),
    ] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Description; that of the data by default.")
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Begin only. A repeated command continues.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze the files of sub-runs as a new version.

    The sub-runs are those that match the filters, which are those of `dataops
    find`, or those of FILE. The service computes the number of the version. Files
    and description that equal those of a version give that version.
    """
    if bool(filters) == bool(items):
        raise typer.BadParameter(
            "select sub-runs by filters, such as --outcome DONE, or by --items"
        )
    selection: dict[str, Any] = {"items": read_items(items)} if items else {"where": filters}
    try:
        with open_client(context) as client, show_live_line("selecting sub-runs") as show_line:
            version = client.create_dataset(
                name,
                title,
                **selection,
                profile=profile,
                allow_missing=allow_missing,
                license=license_,
                creators=creator,
                description=description,
                timeout_seconds=0 if no_wait else None,
                progress=lambda progress: show_line(str(progress)),
            )
    except TimedOut:
        console.print_note(f"freezing {name} has begun; repeat the command to continue")
        return
    except KeyboardInterrupt:
        console.print_error("interrupted; repeat the command to continue")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        print_json(build_document(version))
        return
    print(version.reference)
    console.print_note(_summarize(version))


def list_datasets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the datasets, with their latest versions."""
    with open_client(context) as client:
        found = client.datasets()
    rows = [
        build_document(each.latest)
        | {"versions": each.versions, "state": format_state(each.latest)}
        for each in found
    ]
    document = [
        {"name": each.name, "versions": each.versions, "latest": build_document(each.latest)}
        for each in found
    ]
    print_rows(_LIST_COLUMNS, rows, as_json=as_json, document=document)
    if not found:
        console.print_note("there is no dataset; `dataops dataset create` freezes the first one")


def show(context: typer.Context, dataset: VersionOrLatest, as_json: AsJson = False) -> None:
    """Describe a version, or the latest version and list the others."""
    with open_client(context) as client:
        if "@" in dataset:
            version, others = client.dataset(dataset), {}
        else:
            found = client.dataset_versions(dataset)
            others = {
                "versions": [f"{each.version} ({format_state(each)})" for each in found.versions],
                "deleted": [f"{each.version} ({each.reason})" for each in found.deleted],
            }
            if as_json:
                print_json(
                    {
                        "name": found.name,
                        "versions": [build_document(each) for each in found.versions],
                        "deleted": [
                            asdict(each) | {"deleted_at": format_time(each.deleted_at)}
                            for each in found.deleted
                        ],
                    }
                )
                return
            if not found.versions:
                raise NotFound(f"{dataset} has no version; deleted: {'; '.join(others['deleted'])}")
            version = found.versions[-1]
    facts = {
        key: value for key, value in build_document(version).items() if key != "advisories"
    } | others
    facts["size_bytes"] = format_size(version.size_bytes)
    facts["archive_bytes"] = format_size(version.archive_bytes)
    rows = [
        {"name": key, "value": "; ".join(value) if isinstance(value, (list, tuple)) else value}
        for key, value in facts.items()
        if value not in (None, [], ())
    ]
    print_rows(_FACT_COLUMNS, rows, as_json=as_json, document=build_document(version))
    print_advisories(version.reference, version.advisories)


def cite(
    context: typer.Context,
    dataset: VersionOrLatest,
    style: Annotated[str, typer.Option(metavar="NAME", help="apa, bibtex or csl.")] = "apa",
    bibtex: Annotated[bool, typer.Option("--bibtex", help="The same as --style bibtex.")] = False,
) -> None:
    """Print the citation of a version."""
    with open_client(context) as client:
        citation = client.cite_dataset(dataset, "bibtex" if bibtex else style)
    for line in citation.splitlines():
        print(to_printable(line))


def _summarize(version: DatasetVersion) -> str:
    counts = (
        format_count(version.runs, "run"),
        format_count(version.sub_runs, "sub-run"),
        format_count(version.files, "file"),
        format_size(version.size_bytes),
    )
    return f"{', '.join(counts)}; content id {version.content_id}"
