"""Doors to scheduling and to the run table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from chalicelib.bootstrap import services
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import (
    AnswerTooLarge,
    InvalidInput,
    KeyInFlight,
    KeyReused,
    NotFound,
    NothingAvailable,
    Unavailable,
)
from chalicelib.domain.idempotency import KEY_PATTERN
from chalicelib.domain.runs import AUGMENTED_SUB_RUNS, Run, RunKey, parse_sub_run
from chalicelib.usecases.run_queries import page_of_runs, run_standing, scheduled_runs
from chalicelib.usecases.scheduling import augment_run, schedule_runs

from .endpoint import Answer, Door, caller_of, endpoint
from .paging import CURSOR_PATTERN, cursor_after, next_link, position_of
from .schemas import (
    AugmentBody,
    IdRun,
    Nc,
    RunStatus,
    ScheduleBody,
    Scheduled,
    ScheduledRun,
    ScheduledRuns,
)

door = Door(__name__, tag="runs")

MAX_ANSWER_BYTES = 5_000_000
"""Lambda passes on 6 MiB, in which every quotation mark of the answer takes a second byte."""

IdempotencyKey = Annotated[
    str,
    Meta(
        pattern=KEY_PATTERN,
        description="A text of your choice, new for every request and the same for its repetitions: they get the first answer, and "
        "nothing happens twice. Remembered for 24 hours",
        examples=["7f3e0c1a-schedule-1"],
    ),
]

Listing = dict[Nc, list[ScheduledRun]]


class IdempotencyHeaders(Struct):
    """The same key again gets the first answer again, and nothing happens twice."""

    idempotency_key: IdempotencyKey | None = field(default=None, name="Idempotency-Key")


class AvailableQuery(Struct):
    """Which runs to list: all of them, or the first `limit` of those that come after `cursor`."""

    nc: Nc | UnsetType = UNSET
    id_run: IdRun | UnsetType = UNSET
    limit: (
        Annotated[int, Meta(ge=1, le=1000, description="Runs on a page", examples=[100])]
        | UnsetType
    ) = UNSET
    cursor: (
        Annotated[
            str,
            Meta(pattern=CURSOR_PATTERN, description="From `Link: rel=next` of the page before"),
        ]
        | UnsetType
    ) = UNSET


def _own(key: str | None) -> str | None:
    """The key in the name of who sent it: nobody gets the answer to another's request, whatever keys they choose."""
    caller = caller_of(door.current_request)
    return key if key is None or caller is None else f"{key} of {caller}"  # keys have no blanks


@endpoint(
    door,
    "POST",
    "/v1/generate/{nc}",
    operation_id="schedule_run",
    returns=ScheduledRuns,
    fails=(InvalidInput, KeyReused, NotFound, NothingAvailable, KeyInFlight, Unavailable),
    headers=IdempotencyHeaders,
    body=ScheduleBody,
    leads_to=("augment", "status", "download_run", "run_manifest"),
)
def schedule_run(nc: str, headers: IdempotencyHeaders, body: ScheduleBody) -> ScheduledRuns:
    """Schedule the next available run of a nominal composition, or the next `count` of them: all or none."""
    keys = schedule_runs(
        NominalComposition.parse(nc),
        None if body.count is UNSET else body.count,
        idempotency_key=_own(headers.idempotency_key),
        runs=services().runs,
        free_runs=services().free_runs,
        records=services().idempotency,
        clock=services().clock,
    )
    return ScheduledRuns.of_keys(keys, listed=body.count is not UNSET)


@endpoint(
    door,
    "POST",
    "/v1/generate/{nc}/{id_run}/augment",
    operation_id="augment",
    returns=Scheduled,
    fails=(InvalidInput, KeyReused, NotFound, KeyInFlight, Unavailable),
    headers=IdempotencyHeaders,
    body=AugmentBody,
    leads_to=("status", "download_run", "run_manifest"),
)
def augment(nc: str, id_run: str, headers: IdempotencyHeaders, body: AugmentBody) -> Scheduled:
    """Schedule the deformed sub-runs of a run: all of 1-14, or those named. Repeating it changes nothing."""
    key = augment_run(
        RunKey.parse(nc, id_run),
        AUGMENTED_SUB_RUNS if body.sub_runs is UNSET else tuple(map(parse_sub_run, body.sub_runs)),
        idempotency_key=_own(headers.idempotency_key),
        runs=services().runs,
        records=services().idempotency,
        clock=services().clock,
    )
    return Scheduled.of(key)


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/status",
    operation_id="status",
    returns=RunStatus,
    fails=(InvalidInput, NotFound, Unavailable),
)
def status(nc: str, id_run: str) -> RunStatus:
    """How a run and its sub-runs stand, and what the files of its sub-runs show."""
    made = services()
    standing = run_standing(
        RunKey.parse(nc, id_run),
        runs=made.runs,
        executor=made.executor,
        bucket=made.bucket,
        outcomes=made.outcomes,
        clock=made.clock,
    )
    return RunStatus.of_standing(standing)


@endpoint(
    door,
    "GET",
    "/v1/generate/available",
    operation_id="available",
    returns=(Listing, RunStatus),
    fails=(InvalidInput, NotFound, AnswerTooLarge, Unavailable),
    query=AvailableQuery,
    sends={
        "Link": 'The next page, `rel="next"`, relative to this request; not there on the last page',
        "X-Total-Count": "How many runs there are, where the answer holds them all",
    },
)
def available(query: AvailableQuery) -> Answer:
    """Every scheduled run by nominal composition, narrowed and paged; one run, answered like its status, with `nc` and `id_run`."""
    if query.id_run is not UNSET:
        if query.nc is UNSET:
            raise InvalidInput(
                f"id_run {query.id_run!r} is given without nc: a run is identified by both"
            )
        return Answer(status(query.nc, query.id_run))
    nc = None if query.nc is UNSET else NominalComposition.parse(query.nc)
    after = None if query.cursor is UNSET else position_of(query.cursor, nc)
    if query.limit is UNSET:
        listing = _listing(scheduled_runs(nc, after=after, runs=services().runs))
        return Answer(listing, headers=_total(listing) if after is None else {})
    page, last = page_of_runs(nc, after=after, limit=query.limit, runs=services().runs)
    listing = _listing(page)
    if last is None:
        return Answer(listing, headers=_total(listing) if after is None else {})
    narrowed = {} if nc is None else {"nc": nc}
    return Answer(
        listing,
        headers={"Link": next_link(**narrowed, limit=query.limit, cursor=cursor_after(last, nc))},
    )


def _listing(runs: Iterable[Run]) -> Listing:
    listing: Listing = {}
    size_bytes = 0
    for run in runs:
        entry = ScheduledRun.of(run)
        listing.setdefault(str(run.key.nc), []).append(entry)
        size_bytes += len(msgspec.json.encode(entry)) + 1
        if size_bytes > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(
                f"the list has more than {MAX_ANSWER_BYTES} bytes: ask for pages with limit=1000, and follow Link"
            )
    return listing


def _total(listing: Listing) -> dict[str, str]:
    return {"X-Total-Count": str(sum(map(len, listing.values())))}
