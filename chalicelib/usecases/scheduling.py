"""Scheduling runs and their augmentation."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import InvalidInput, NotFound, NothingAvailable
from chalicelib.domain.runs import AUGMENTED_SUB_RUNS, REFERENCE_SUB_RUN, Run, RunKey, SubRunKey

from .idempotency import Claim, once
from .ports import Clock, DataBucket, IdempotencyRecords, RunTable

MAX_COUNT = 100
_ATTEMPTS = 8
_PARALLEL_LOOKS = 16


def schedule_runs(
    nc: NominalComposition,
    count: int | None,
    *,
    idempotency_key: str | None,
    runs: RunTable,
    bucket: DataBucket,
    records: IdempotencyRecords,
    clock: Clock,
) -> tuple[RunKey, ...]:
    """Allocate the lowest-numbered runs of `nc` that have a sub-run 0 in the data bucket and are not in the run table: `count` of
    them (1-100), or one.

    The conditional write in `RunTable.add` makes an allocation true; a caller who loses a number to another goes on to the next,
    so that parallel callers get different numbers without gaps. All or nothing: NotFound for a composition without data,
    NothingAvailable when fewer than `count` are left. With an `idempotency_key` see `idempotency.once`.
    """

    def action(claim: Claim) -> tuple[int, ...]:
        return _allocate(nc, count or 1, claim, runs=runs, bucket=bucket, clock=clock)

    id_runs = once(idempotency_key, f"schedule {count or 'one'} of {nc}", action, records=records, clock=clock)
    return tuple(RunKey(nc, id_run) for id_run in id_runs)


def augment_run(
    key: RunKey,
    sub_runs: Iterable[int] = AUGMENTED_SUB_RUNS,
    *,
    idempotency_key: str | None,
    runs: RunTable,
    records: IdempotencyRecords,
    clock: Clock,
) -> RunKey:
    """Add sub-runs (1-14) to a scheduled run; those that it has already are left as they are. NotFound: not scheduled."""
    wanted = sorted(set(sub_runs))
    if not wanted or not set(wanted) <= set(AUGMENTED_SUB_RUNS):
        raise InvalidInput(f"sub_runs {[str(sub_run) for sub_run in wanted]!r} cannot be added: expected at least one of '1' to '14'")

    def action(_: Claim) -> tuple[int, ...]:
        if runs.add_sub_runs(key, wanted, clock.now()) is None:
            raise NotFound(f"run '{key.id_run}' of {str(key.nc)!r} is not scheduled")
        return (key.id_run,)

    once(idempotency_key, f"augment {key} by {', '.join(map(str, wanted))}", action, records=records, clock=clock)
    return key


def _allocate(
    nc: NominalComposition, count: int, claim: Claim, *, runs: RunTable, bucket: DataBucket, clock: Clock
) -> tuple[int, ...]:
    noted = claim.id_runs
    for attempt in range(_ATTEMPTS):
        free = _free(nc, count, runs, bucket)
        held: list[int] = []
        lost = 0
        while True:
            won = [id_run for id_run in noted if runs.add(_new(RunKey(nc, id_run), clock), claim.token)]
            lost += len(noted) - len(won)
            held += won
            if len(held) == count:
                return tuple(sorted(held))
            noted = tuple(islice(free, count - len(held)))
            left = len(held) + len(noted)
            if left < count:
                break
            claim.note((*held, *noted))
        # Not enough are left: give back what is held, so that others can have it, and only then look again.
        for id_run in held:
            runs.remove(RunKey(nc, id_run), claim.token)
        if not lost:
            break
        noted = ()
        claim.note(noted)
        clock.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads callers, guards nothing
    if count == 1:
        raise NothingAvailable(f"no run of {str(nc)!r} is available: all in the bucket are scheduled or lack sub-run 0")
    raise NothingAvailable(f"{count} runs of {str(nc)!r} were asked for and {left} are available: nothing was scheduled")


def _new(key: RunKey, clock: Clock) -> Run:
    return Run(key, frozenset({REFERENCE_SUB_RUN}), clock.now())


def _free(nc: NominalComposition, count: int, runs: RunTable, bucket: DataBucket) -> Iterator[int]:
    """The numbers that can be claimed, ascending; looked up when the first is asked for."""
    stored = bucket.run_numbers(nc)
    if not stored:
        raise NotFound(f"nominal composition {str(nc)!r} has no runs in the data bucket")
    taken = {run.key.id_run for run in runs.runs(nc)}
    candidates = [id_run for id_run in stored if id_run not in taken]
    width = min(count, _PARALLEL_LOOKS)
    for first in range(0, len(candidates), width):
        yield from _with_reference(nc, candidates[first : first + width], bucket)


def _with_reference(nc: NominalComposition, id_runs: Sequence[int], bucket: DataBucket) -> Iterator[int]:
    # The threads end in here. Where a generator keeps them, the garbage collector may have to end them, which can block the process for
    # good: it joins threads in the middle of whatever runs, the starting of a thread for example.
    with ThreadPoolExecutor(len(id_runs), thread_name_prefix="candidates") as pool:
        there = list(pool.map(lambda id_run: bucket.has_files(SubRunKey(RunKey(nc, id_run), REFERENCE_SUB_RUN)), id_runs))
    return (id_run for id_run, present in zip(id_runs, there, strict=True) if present)
