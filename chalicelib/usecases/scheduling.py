"""Scheduling runs and their augmentation."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import InvalidInput, NotFound, NothingAvailable
from chalicelib.domain.runs import AUGMENTED_SUB_RUNS, REFERENCE_SUB_RUN, Run, RunKey

from .free_runs import FreeRuns
from .idempotency import Claim, once
from .ports import Clock, IdempotencyRecords, RunTable

MAX_COUNT = 100
_ATTEMPTS = 8


def schedule_runs(
    nc: NominalComposition,
    count: int | None,
    *,
    idempotency_key: str | None,
    runs: RunTable,
    free_runs: FreeRuns,
    records: IdempotencyRecords,
    clock: Clock,
) -> tuple[RunKey, ...]:
    """Allocate the lowest-numbered runs of `nc` that have a sub-run 0 in the data bucket and are not in the run table: `count` of
    them (1-100), or one.

    The write in `RunTable.add` decides who gets a number. Callers who lose one are on record with it, and leave the next numbers to
    those who lost before them: parallel callers get different numbers without gaps, after few writes each. All or nothing:
    NotFound for a composition without data, NothingAvailable when fewer than `count` are left. With an `idempotency_key` see
    `idempotency.once`.
    """

    def action(claim: Claim) -> tuple[int, ...]:
        return _allocate(nc, count or 1, claim, runs=runs, free_runs=free_runs, clock=clock)

    def undo(claim: Claim, id_runs: tuple[int, ...]) -> None:
        _give_back(nc, id_runs, claim, runs)

    id_runs = once(
        idempotency_key,
        f"schedule {count or 'one'} of {nc}",
        action,
        undo=undo,
        records=records,
        clock=clock,
    )
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
        raise InvalidInput(
            f"sub_runs {[str(sub_run) for sub_run in wanted]!r} cannot be added: expected at least one of '1' to '14'"
        )

    def action(_: Claim) -> tuple[int, ...]:
        if runs.add_sub_runs(key, wanted, clock.now()) is None:
            raise NotFound(f"run '{key.id_run}' of {str(key.nc)!r} is not scheduled")
        return (key.id_run,)

    once(
        idempotency_key,
        f"augment {key} by {', '.join(map(str, wanted))}",
        action,
        records=records,
        clock=clock,
    )
    return key


def _allocate(
    nc: NominalComposition,
    count: int,
    claim: Claim,
    *,
    runs: RunTable,
    free_runs: FreeRuns,
    clock: Clock,
) -> tuple[int, ...]:
    held = _taken_over(nc, claim, runs)
    for attempt in range(_ATTEMPTS):
        with free_runs.turn(nc) as since:
            left, lost = _claim(
                nc, count, held, claim, since, runs=runs, free_runs=free_runs, clock=clock
            )
        if len(held) == count:
            return tuple(sorted(held))
        # Not enough are left: give back what is held, so that others can have it, and only then look again.
        _give_back(nc, held, claim, runs)
        held = []
        if not lost:
            break
        clock.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads callers, guards nothing
    if count == 1:
        raise NothingAvailable(
            f"no run of {str(nc)!r} is available: all in the bucket are scheduled or lack sub-run 0"
        )
    raise NothingAvailable(
        f"{count} runs of {str(nc)!r} were asked for and {left} are available: nothing was scheduled"
    )


def _claim(
    nc: NominalComposition,
    count: int,
    held: list[int],
    claim: Claim,
    since: datetime,
    *,
    runs: RunTable,
    free_runs: FreeRuns,
    clock: Clock,
) -> tuple[int, bool]:
    """Claim runs until `held` has `count` of them. Return how many are left if these are fewer, and whether others got some."""
    lost = False
    while len(held) < count:
        targets = free_runs.next(nc, count - len(held), claim.token, since)
        if len(held) + len(targets) < count:
            return len(held) + len(targets), lost
        for id_run in (
            targets[:1] if lost else targets
        ):  # callers compete: look again after each run
            if claim.ended(clock.now()):
                _give_back(nc, held, claim, runs)
                raise claim.in_flight()
            if not runs.add(_new(RunKey(nc, id_run), clock), claim.token, count - len(held)):
                lost = True
                break
            held.append(id_run)
    return count, lost


def _taken_over(nc: NominalComposition, claim: Claim, runs: RunTable) -> list[int]:
    """Return the runs that earlier holders of the same request claimed, now claimed with this holder's token."""
    if not claim.resumed:
        return []
    claimed = [
        found for found in runs.claims(nc) if found.claim_token.endswith(claim.request_token)
    ]
    return [
        found.id_run
        for found in claimed
        if runs.reclaim(RunKey(nc, found.id_run), found.claim_token, claim.token)
    ]


def _give_back(
    nc: NominalComposition, id_runs: Iterable[int], claim: Claim, runs: RunTable
) -> None:
    for id_run in id_runs:
        runs.remove(RunKey(nc, id_run), claim.token)


def _new(key: RunKey, clock: Clock) -> Run:
    return Run(key, frozenset({REFERENCE_SUB_RUN}), clock.now())
