"""Selection of the sub-runs that `dataops download` downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from dataops_client.cli.find import note_unindexed
from dataops_client.client import DataOpsClient
from dataops_client.downloads import DownloadTarget, list_targets
from dataops_client.errors import NotFound


def select_targets(
    client: DataOpsClient,
    nc: str | None,
    id_runs: Sequence[str] | None,
    sub_runs: Sequence[str] | None,
    filters: Mapping[str, Any],
) -> list[DownloadTarget]:
    """Return the sub-runs that are named by arguments and match the filters.

    Statuses of the runs have the facts of some filters. For the others, the index is searched.

    Raises:
        NotFound: No scheduled sub-run matches.
    """
    if nc and id_runs and sub_runs and not filters:
        return [DownloadTarget(nc, id_run, number) for id_run in id_runs for number in sub_runs]
    if nc and filters.keys() <= {"outcome", "labels_complete"} and all(filters.values()):
        targets = list_targets(
            client,
            nc,
            id_runs,
            outcomes=[
                name.strip() for text in filters.get("outcome", ()) for name in text.split(",")
            ],
            labels_complete="labels_complete" in filters,
        )
        targets = [each for each in targets if not sub_runs or each.sub_run in sub_runs]
    else:
        targets = _find_targets(client, filters, nc=nc, id_run=id_runs, sub_run=sub_runs)
    if not targets:
        raise NotFound(
            "no scheduled sub-run matches; `dataops status NC RUN` lists sub-runs and outcomes"
        )
    return targets


def _find_targets(
    client: DataOpsClient, filters: Mapping[str, Any], **named: Any
) -> list[DownloadTarget]:
    named = {name: value for name, value in named.items() if value}
    if not filters and not named:
        raise typer.BadParameter("name a composition, or a filter such as --elements Al")
    if twice := named.keys() & filters.keys():
        raise typer.BadParameter(f"{min(twice)} is given as an argument and as an option")
    found = client.find(**filters, **named)
    note_unindexed(found.unindexed)
    return [DownloadTarget(each.nc, each.id_run, each.sub_run) for each in found]
