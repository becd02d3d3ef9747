"""Endpoints of runs: scheduling, augmentation, listing and status."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET

from chalicelib.bootstrap import services
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    NothingAvailable,
    Unavailable,
)
from chalicelib.domain.runs import AUGMENTED_SUB_RUNS, Run, RunKey, parse_sub_run
from chalicelib.usecases.run_queries import list_runs, list_runs_page
from chalicelib.usecases.scheduling import augment_run, schedule_runs

from .conditional import RESPONSE_HEADERS, ConditionalHeaders, Representation, respond
from .endpoint import ApiBlueprint, JsonResponse, endpoint
from .errors import ResponseTooLarge
from .idempotency import IdempotencyHeaders, scope_key
from .paging import decode_run_cursor, encode_run_cursor, format_next_link
from .run_schemas import (
    AugmentBody,
    AvailableQuery,
    RunStatus,
    ScheduleBody,
    Scheduled,
    ScheduledRun,
    ScheduledRuns,
)
from .schemas import Nc

blueprint = ApiBlueprint(__name__, tag="runs")

MAX_RESPONSE_BYTES = 5_000_000
"""Lambda limits responses to 6 MiB, in which every quotation mark of the body takes a second byte.
"""

Listing = dict[Nc, list[ScheduledRun]]


@endpoint(
    blueprint,
    "POST",
    "/v1/generate/{nc}",
    operation_id="schedule_run",
    response=ScheduledRuns,
    errors=(
        InvalidInput,
        IdempotencyKeyReused,
        NotFound,
        NothingAvailable,
        IdempotencyKeyInUse,
        Unavailable,
    ),
    headers=IdempotencyHeaders,
    body=ScheduleBody,
    links=("augment", "status", "download_run", "run_manifest"),
)
def schedule_run(nc: str, headers: IdempotencyHeaders, body: ScheduleBody) -> ScheduledRuns:
    """Schedule runs.

    Schedules the lowest-numbered run of the composition that has files and is not scheduled yet,
    with sub-run 0; or the next `count` runs: all or none.

    **No calculation is run.** The simulated executor reports `RUNNING` for a time, then `DONE`, and
    releases files that already exist. Send an `Idempotency-Key` to be able to repeat the request.
    """
    count = body.number
    keys = schedule_runs(
        NominalComposition.parse(nc),
        count,
        idempotency_key=scope_key(blueprint, headers.idempotency_key),
        runs=services().runs,
        free_runs=services().free_runs,
        records=services().idempotency,
        clock=services().clock,
    )
    return ScheduledRuns.of_keys(keys, with_list=count is not None)


@endpoint(
    blueprint,
    "POST",
    "/v1/generate/{nc}/{id_run}/augment",
    operation_id="augment",
    response=Scheduled,
    errors=(InvalidInput, IdempotencyKeyReused, NotFound, IdempotencyKeyInUse, Unavailable),
    headers=IdempotencyHeaders,
    body=AugmentBody,
    links=("status", "download_run", "run_manifest"),
)
def augment(nc: str, id_run: str, headers: IdempotencyHeaders, body: AugmentBody) -> Scheduled:
    """Augment a run.

    Schedules the deformed sub-runs of a run: all of 1-14, or those of `sub_runs`. Repeating the
    request changes nothing.
    """
    key = augment_run(
        RunKey.parse(nc, id_run),
        AUGMENTED_SUB_RUNS if body.sub_runs is UNSET else tuple(map(parse_sub_run, body.sub_runs)),
        idempotency_key=scope_key(blueprint, headers.idempotency_key),
        runs=services().runs,
        records=services().idempotency,
        clock=services().clock,
    )
    return Scheduled.of(key)


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/status",
    operation_id="status",
    response=RunStatus,
    errors=(InvalidInput, NotFound, Unavailable),
    headers=ConditionalHeaders,
    other_responses={304: None},
    response_headers=RESPONSE_HEADERS,
)
def get_status(nc: str, id_run: str, headers: ConditionalHeaders) -> JsonResponse:
    """Get the status of a run.

    Returns the state of the jobs, as the executor reports it, and the outcome of each sub-run:
    facts that are read from its files. While jobs are running, send the `ETag` as `If-None-Match`,
    and `Prefer: wait=20` to receive the response when the status changes.
    """
    return _respond_with_status(RunKey.parse(nc, id_run), headers)


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/available",
    operation_id="available",
    response=(Listing, RunStatus),
    errors=(InvalidInput, NotFound, ResponseTooLarge, Unavailable),
    query=AvailableQuery,
    headers=ConditionalHeaders,
    other_responses={304: None},
    response_headers={
        **RESPONSE_HEADERS,
        "Link": 'The next page, `rel="next"`, relative to this request; missing on the last page',
        "X-Total-Count": "The number of runs, if the response contains all of them",
    },
)
def list_available_runs(query: AvailableQuery, headers: ConditionalHeaders) -> JsonResponse:
    """List scheduled runs.

    Returns the runs by nominal composition; `nc` selects one. With `limit`, the response is a page,
    and the header `Link` leads to the next one. With `nc` and `id_run`, the response is the status
    of one run; only then are the headers used.
    """
    if query.id_run is not UNSET:
        if query.nc is UNSET:
            raise InvalidInput(f"id_run {query.id_run!r} without nc; send both to identify a run")
        return _respond_with_status(RunKey.parse(query.nc, query.id_run), headers)
    nc = None if query.nc is UNSET else NominalComposition.parse(query.nc)
    after = None if query.cursor is UNSET else decode_run_cursor(query.cursor, nc)
    last = None
    if query.limit is UNSET:
        listing = _build_listing(list_runs(nc, after=after, runs=services().runs))
    else:
        page, last = list_runs_page(nc, after=after, limit=query.limit, runs=services().runs)
        listing = _build_listing(page)
    if last is not None:
        filters = {} if nc is None else {"nc": nc}
        cursor = encode_run_cursor(last, nc)
        link = format_next_link(**filters, limit=query.limit, cursor=cursor)
        return JsonResponse(listing, headers={"Link": link})
    total = str(sum(map(len, listing.values())))
    return JsonResponse(listing, headers={"X-Total-Count": total} if after is None else {})


def _respond_with_status(key: RunKey, headers: ConditionalHeaders) -> JsonResponse:
    def read() -> Representation:
        view = services().status.read(key)
        return Representation(msgspec.json.encode(RunStatus.of_view(view)), not view.running)

    return respond(read, headers, services().held_requests)


def _build_listing(runs: Iterable[Run]) -> Listing:
    listing: Listing = {}
    size_bytes = 0
    for run in runs:
        entry = ScheduledRun.of(run)
        listing.setdefault(str(run.key.nc), []).append(entry)
        size_bytes += len(msgspec.json.encode(entry)) + 1
        if size_bytes > MAX_RESPONSE_BYTES:
            raise ResponseTooLarge(
                f"the list exceeds {MAX_RESPONSE_BYTES} bytes; request pages with limit=1000 and "
                "follow Link"
            )
    return listing
