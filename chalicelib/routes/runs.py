"""Doors to scheduling and to the run table."""

from __future__ import annotations

from itertools import groupby

from msgspec import UNSET, Struct, UnsetType

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import InvalidInput, NotFound, Unavailable
from chalicelib.domain.runs import AUGMENTED_SUB_RUNS, RunKey, parse_sub_run
from chalicelib.usecases.catalogue import run_standing, scheduled_runs
from chalicelib.usecases.scheduling import augment_run, schedule_next_run
from chalicelib.wiring import services

from .endpoint import Door, endpoint
from .wire import AugmentBody, IdRun, Nc, RunStatus, Scheduled, ScheduledRun

door = Door(__name__)

Available = dict[str, list[ScheduledRun]] | RunStatus


class NoBody(Struct, forbid_unknown_fields=True):
    """Nothing: the body may be left out or be an empty object."""


class AvailableQuery(Struct):
    """Which runs to list."""

    nc: Nc | UnsetType = UNSET
    id_run: IdRun | UnsetType = UNSET


@endpoint(door, "POST", "/v1/generate/{nc}", returns=Scheduled, fails=(InvalidInput, NotFound, Unavailable), body=NoBody)
def schedule_run(nc: str, body: NoBody) -> Scheduled:  # noqa: ARG001 - checked by being parsed
    """Schedule the next available run of a nominal composition."""
    composition = NominalComposition.parse(nc)
    run = schedule_next_run(composition, runs=services().runs, bucket=services().bucket, clock=services().clock)
    return Scheduled.of(run)


@endpoint(
    door, "POST", "/v1/generate/{nc}/{id_run}/augment", returns=Scheduled, fails=(InvalidInput, NotFound, Unavailable), body=AugmentBody
)
def augment(nc: str, id_run: str, body: AugmentBody) -> Scheduled:
    """Schedule the deformed sub-runs of a run: all of 1-14, or those named. Repeating it changes nothing."""
    key = RunKey.parse(nc, id_run)
    wanted = AUGMENTED_SUB_RUNS if body.sub_runs is UNSET else tuple(map(parse_sub_run, body.sub_runs))
    return Scheduled.of(augment_run(key, wanted, runs=services().runs, clock=services().clock))


@endpoint(door, "GET", "/v1/generate/{nc}/{id_run}/status", returns=RunStatus, fails=(InvalidInput, NotFound, Unavailable))
def status(nc: str, id_run: str) -> RunStatus:
    """How a run and its sub-runs stand."""
    key = RunKey.parse(nc, id_run)
    standing = run_standing(key, runs=services().runs, executor=services().executor, clock=services().clock)
    return RunStatus.of_standing(standing)


@endpoint(
    door,
    "GET",
    "/v1/generate/available",
    returns=Available,
    fails=(InvalidInput, NotFound, Unavailable),
    query=AvailableQuery,
)
def available(query: AvailableQuery) -> Available:
    """Every scheduled run by nominal composition; those of one with `nc`; one run, answered like its status, with `id_run` too."""
    if query.id_run is not UNSET:
        if query.nc is UNSET:
            raise InvalidInput(f"id_run {query.id_run!r} is given without nc: a run is identified by both")
        standing: RunStatus = status(query.nc, query.id_run)
        return standing
    composition = None if query.nc is UNSET else NominalComposition.parse(query.nc)
    listed = scheduled_runs(composition, runs=services().runs)
    return {str(nc): [ScheduledRun.of(run) for run in group] for nc, group in groupby(listed, key=lambda run: run.key.nc)}
