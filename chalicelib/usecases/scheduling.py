"""Scheduling of runs, and their augmentation."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import InvalidInput, NothingAvailable
from chalicelib.domain.runs import AUGMENTED_SUB_RUNS, REFERENCE_SUB_RUN, Run, RunKey

from .free_run_finder import FreeRunFinder
from .idempotency import Claim, run_idempotently
from .ports import Clock, IdempotencyStore, RunRepository
from .run_queries import not_scheduled

MAX_COUNT = 100
_ATTEMPTS = 8


def schedule_runs(
    nc: NominalComposition,
    count: int | None,
    *,
    idempotency_key: str | None,
    runs: RunRepository,
    free_runs: FreeRunFinder,
    records: IdempotencyStore,
    clock: Clock,
) -> tuple[RunKey, ...]:
    """Allocate the `count` lowest-numbered available runs (1-100, default 1).

    A run is available if it has files of sub-run 0 and is not in the run table.

    The write in `RunRepository.add` commits an allocation. Callers that lose a run are recorded as
    its claimants, and skip as many numbers as the callers that lost before them still require.
    Parallel callers therefore get different numbers without gaps, after few writes each. Either all
    runs are allocated or none.

    Raises:
        NotFound: The composition has no data.
        NothingAvailable: Fewer than `count` runs are available.
        IdempotencyKeyReused: See `idempotency.run_idempotently`.
        IdempotencyKeyInUse: See `idempotency.run_idempotently`.
    """

    def action(claim: Claim) -> tuple[int, ...]:
        return _allocate(nc, count or 1, claim, runs=runs, free_runs=free_runs, clock=clock)

    def undo(claim: Claim, id_runs: tuple[int, ...]) -> None:
        _release(nc, id_runs, claim, runs)

    id_runs = run_idempotently(
        idempotency_key,
        f"schedule {count or 'one'} of {nc}",
        action,
        undo=undo,
        records=records,
        clock=clock,
    )
    free_runs.mark_completed(nc, id_runs)
    return tuple(RunKey(nc, id_run) for id_run in id_runs)


def augment_run(
    key: RunKey,
    sub_runs: Iterable[int] = AUGMENTED_SUB_RUNS,
    *,
    idempotency_key: str | None,
    runs: RunRepository,
    records: IdempotencyStore,
    clock: Clock,
) -> RunKey:
    """Add sub-runs (1-14) to a scheduled run; existing ones do not change.

    NotFound if the run is not scheduled.
    """
    wanted = sorted(set(sub_runs))
    if not wanted or not set(wanted) <= set(AUGMENTED_SUB_RUNS):
        raise InvalidInput(
            f"invalid sub_runs {[str(sub_run) for sub_run in wanted]!r}; expected at least one of "
            "'1' to '14'"
        )

    def action(claim: Claim) -> tuple[int, ...]:
        claim.confirm()
        if runs.add_sub_runs(key, wanted, clock.now()) is None:
            raise not_scheduled(key)
        return (key.id_run,)

    run_idempotently(
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
    runs: RunRepository,
    free_runs: FreeRunFinder,
    clock: Clock,
) -> tuple[int, ...]:
    held = _reclaim(nc, claim, runs)
    for attempt in range(_ATTEMPTS):
        with free_runs.serialized(nc, before_waiting=claim.confirm) as since:
            left, lost = _claim(
                nc, count, held, claim, since, runs=runs, free_runs=free_runs, clock=clock
            )
        if len(held) == count:
            return tuple(sorted(held))
        # Too few runs are left. Release those held, so that other callers can allocate them, before
        # the next attempt.
        _release(nc, held, claim, runs)
        held = []
        if not lost:
            break
        clock.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - spreads callers, guards nothing
    if count == 1:
        raise NothingAvailable(
            f"no run of {str(nc)!r} is available; all runs in the bucket are scheduled or have no "
            "files of sub-run 0; list the runs to see which are scheduled"
        )
    raise NothingAvailable(
        f"{left} runs of {str(nc)!r} are available, fewer than the {count} requested; nothing was "
        "scheduled"
    )


def _claim(
    nc: NominalComposition,
    count: int,
    held: list[int],
    claim: Claim,
    since: datetime,
    *,
    runs: RunRepository,
    free_runs: FreeRunFinder,
    clock: Clock,
) -> tuple[int, bool]:
    """Claim runs until `held` contains `count` of them.

    Returns:
        The number of available runs if it is less than `count`, and whether other callers allocated
        some.
    """
    lost = False
    while len(held) < count:
        targets = free_runs.find_next(nc, count - len(held), claim.token, since)
        if len(held) + len(targets) < count:
            return len(held) + len(targets), lost
        # If callers compete, search again after each run.
        for id_run in targets[:1] if lost else targets:
            claim.confirm()
            if claim.has_expired(clock.now()):
                _release(nc, held, claim, runs)
                raise claim.in_use_error()
            if not runs.add(_create_run(RunKey(nc, id_run), clock), claim.token, count - len(held)):
                lost = True
                break
            held.append(id_run)
    return count, lost


def _reclaim(nc: NominalComposition, claim: Claim, runs: RunRepository) -> list[int]:
    """Take over the runs that earlier holders of the same request claimed, and return them."""
    if not claim.resumed:
        return []
    claimed = [
        found for found in runs.list_claims(nc) if found.claim_token.endswith(claim.request_token)
    ]
    return [
        found.id_run
        for found in claimed
        if runs.reclaim(RunKey(nc, found.id_run), found.claim_token, claim.token)
    ]


def _release(
    nc: NominalComposition, id_runs: Iterable[int], claim: Claim, runs: RunRepository
) -> None:
    for id_run in id_runs:
        runs.remove(RunKey(nc, id_run), claim.token)


def _create_run(key: RunKey, clock: Clock) -> Run:
    return Run(key, frozenset({REFERENCE_SUB_RUN}), clock.now())
