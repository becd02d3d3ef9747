"""Commands that list compositions and runs."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Annotated, Any

import typer

from dataops_client.cli import console
from dataops_client.cli.arguments import AsJson, OptionalNc
from dataops_client.cli.global_options import open_client
from dataops_client.cli.rows import Column, print_rows
from dataops_client.cli.run_status import build_run_row, build_sub_run_rows, format_time
from dataops_client.client import DataOpsClient
from dataops_client.errors import NotFound
from dataops_client.html_tables import format_size
from dataops_client.models.runs import Run, RunStatus
from dataops_client.models.summary import CompositionSummary
from dataops_client.sub_run_ranges import format_ranges

_MAX_STATES = 200
"""A state takes a request per run."""
_JOBS = 8
_LIST_COLUMNS = (
    Column("nc", "composition"),
    Column("id_run", "run"),
    Column("state", "state"),
    Column("sub_runs", "sub-runs"),
    Column("sub_runs_done", "done", right=True),
    Column("sub_runs_not_done", "not done", right=True),
    Column("bonds", "bonds", right=True),
    Column("run_scheduled_at", "scheduled (UTC)"),
)
_COMPOSITION_COLUMNS = (
    Column("nc", "composition"),
    Column("runs", "runs", right=True),
    Column("sub_runs", "sub-runs", right=True),
    Column("done", "done", right=True),
    Column("not_done", "not done", right=True),
    Column("unread", "not read", right=True),
    Column("bonds", "bonds", right=True),
)
_FACT_COLUMNS = (Column("name", "name"), Column("value", "value"))


def compositions(context: typer.Context, as_json: AsJson = False) -> None:
    """List the compositions that have data.

    Runs and sub-runs are those scheduled. Outcomes of sub-runs that are not read are known once
    `dataops status` is called.
    """
    with open_client(context) as client:
        names = client.compositions()
        try:
            found = client.summary()
        except NotFound:  # an older API
            found = {}
    rows = [_build_summary_row(nc, found.get(nc)) for nc in names]
    print_rows(_COMPOSITION_COLUMNS, rows, as_json=as_json)
    if not rows:
        console.print_note("the data bucket holds no composition")


def _build_summary_row(nc: str, found: CompositionSummary | None) -> dict[str, Any]:
    if found is None:
        return {"nc": nc, "runs": 0, "sub_runs": 0}
    done = found.outcomes.get("DONE", 0)
    facts = {name: value for name, value in asdict(found).items() if name != "outcomes"}
    return facts | {"done": done, "not_done": sum(found.outcomes.values()) - done}


def list_runs(context: typer.Context, nc: OptionalNc = None, as_json: AsJson = False) -> None:
    """List the scheduled runs.

    States and numbers of outcomes are requested for at most 200 runs.
    """
    with open_client(context) as client:
        found = [(name, run) for name, runs in client.available(nc).items() for run in runs]
        rows = _build_run_rows(client, found)
    document = [
        row | {"sub_runs": list(run.sub_runs)} for row, (_, run) in zip(rows, found, strict=True)
    ]
    print_rows(_LIST_COLUMNS, rows, as_json=as_json, document=document)
    if not rows:
        console.print_note("no run is scheduled; `dataops generate NC` schedules the next one")
    elif len(rows) > _MAX_STATES:
        console.print_note(
            "states and outcomes are left out for more than 200 runs; name a composition"
        )


def _build_run_rows(client: DataOpsClient, runs: list[tuple[str, Run]]) -> list[dict[str, Any]]:
    """Return a row per run, with state and outcomes unless the runs are too many."""
    if len(runs) > _MAX_STATES:
        return [
            {
                "nc": nc,
                "id_run": run.id_run,
                "sub_runs": format_ranges(run.sub_runs),
                "run_scheduled_at": format_time(run.run_scheduled_at),
            }
            for nc, run in runs
        ]
    with ThreadPoolExecutor(_JOBS) as pool:
        statuses = pool.map(lambda found: client.status(found[0], found[1].id_run), runs)
        return [build_run_row(nc, status) for (nc, _), status in zip(runs, statuses, strict=True)]


def info(
    context: typer.Context,
    nc: OptionalNc = None,
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Number of a run.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Describe the data set, the runs of a composition, or a run."""
    with open_client(context) as client:
        if nc is None:
            _print_facts(_get_service_facts(client), as_json)
        elif run is None:
            _print_runs(client, nc, as_json)
        else:
            status = client.status(nc, run)
            _print_facts(_get_run_facts(client, nc, status), as_json)


def _get_service_facts(client: DataOpsClient) -> dict[str, Any]:
    facts: dict[str, Any] = {"url": client.url, "api_version": client.api_version()}
    try:
        return facts | asdict(client.dataset_info())
    except NotFound:  # an older API
        return facts


def _print_runs(client: DataOpsClient, nc: str, as_json: bool) -> None:
    rows = _build_run_rows(client, [(nc, run) for run in client.available(nc).get(nc, [])])
    print_rows(_LIST_COLUMNS[1:], rows, as_json=as_json)
    if not rows:
        if nc not in client.compositions():
            raise NotFound(f"composition {nc!r} has no data; `dataops compositions` lists all")
        console.print_note(f"no run of {nc} is scheduled; `dataops generate {nc}` schedules one")


def _get_run_facts(client: DataOpsClient, nc: str, status: RunStatus) -> dict[str, Any]:
    rows = build_sub_run_rows(status)
    energies = [row["total_energy_ry"] for row in rows if row["total_energy_ry"] is not None]
    facts = build_run_row(nc, status) | {
        "sub_runs_scheduled_at": format_time(status.sub_runs_scheduled_at),
        "outcomes": status.summary,
        "lowest_energy_ry": min(energies, default=None),
        "highest_energy_ry": max(energies, default=None),
    }
    try:
        manifest = client.manifest(nc, status.id_run)
    except NotFound:  # no sub-run has files
        return facts | {"files": 0, "size_bytes": 0}
    return facts | {"files": len(manifest.files), "size_bytes": manifest.size_bytes}


def _print_facts(facts: dict[str, Any], as_json: bool) -> None:
    shown = facts | {name: format_size(facts[name]) for name in ("size_bytes",) if name in facts}
    rows = [{"name": name, "value": _join(value)} for name, value in _flatten(shown)]
    print_rows(_FACT_COLUMNS, rows, as_json=as_json, document=facts)


def _flatten(facts: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    return ((name, value) for name, value in facts.items() if value is not None)


def _join(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, (list, tuple)) else value
