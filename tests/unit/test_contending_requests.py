"""Many requests for runs of one composition from many processes, interleaved call by call."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import pytest

from chalicelib.domain.artifacts import get_files_prefix
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import IdempotencyKeyInUse, NothingAvailable
from chalicelib.domain.runs import RunKey, SubRunKey
from chalicelib.usecases.free_run_finder import FreeRunFinder
from chalicelib.usecases.idempotency import LEASE
from chalicelib.usecases.scheduling import schedule_runs
from tests.support.callers import Caller, Stops
from tests.support.fakes import FakeClock, FakeDataBucket, FakeIdempotencyStore, FakeRunRepository

NC = NominalComposition("Zr49Cu49Al2")
CALLERS = 64
MOST_WRITES = 300


class Service:
    """The stores that all processes share."""

    def __init__(self, *id_runs: int) -> None:
        self.table = FakeRunRepository()
        self.runs = Stops(self.table, ("add", "reclaim", "remove"))
        self.records = Stops(FakeIdempotencyStore(), ("open", "change"))
        self.bucket = FakeDataBucket()
        self.clock = FakeClock()
        self.store(*id_runs)

    def store(self, *id_runs: int) -> None:
        for id_run in id_runs:
            self.bucket.put(
                get_files_prefix(SubRunKey(RunKey(NC, id_run), 0)) + f"{NC}.scf.in", b""
            )

    def schedule(self, count: int | None, key: str | None) -> list[int]:
        """Schedule in a process of its own."""
        free_runs = FreeRunFinder(self.runs, self.bucket, self.clock)
        keys = schedule_runs(
            NC,
            count,
            idempotency_key=key,
            runs=self.runs,
            free_runs=free_runs,
            records=self.records,
            clock=self.clock,
        )
        return [run.id_run for run in keys]

    def caller(self, count: int | None, key: str | None) -> Caller[list[int]]:
        return Caller(lambda: self.schedule(count, key))

    def scheduled(self) -> list[int]:
        return [run.key.id_run for run in self.table.list_runs(NC)]

    @property
    def writes(self) -> int:
        return self.runs.writes + self.records.writes


def in_step(callers: Sequence[Caller[list[int]]], _: random.Random) -> Caller[list[int]]:
    return min(callers, key=lambda caller: caller.calls)


def by_chance(callers: Sequence[Caller[list[int]]], chance: random.Random) -> Caller[list[int]]:
    return chance.choice(callers)


def mostly_the_last(
    callers: Sequence[Caller[list[int]]], chance: random.Random
) -> Caller[list[int]]:
    return callers[-1 - min(len(callers) - 1, int(chance.expovariate(0.3)))]


def with_seed(choose: Callable[..., Caller[list[int]]], seed: int) -> Any:
    """Return the parameters of one interleaving; further seeds are left out of test-fast."""
    return pytest.param(choose, seed, marks=pytest.mark.slow if seed else ())


def interleave(
    callers: Sequence[Caller[list[int]]],
    choose: Callable[..., Caller[list[int]]],
    chance: random.Random,
) -> list[list[int]]:
    while running := [caller for caller in callers if not caller.ended]:
        choose(running, chance).advance()
    results = [caller.finish() for caller in callers]
    assert [result for result in results if not isinstance(result, list)] == []
    return [result for result in results if isinstance(result, list)]


@pytest.mark.parametrize(
    ("choose", "seed"),
    [
        (in_step, 0),  # makes no random choice
        *(with_seed(by_chance, seed) for seed in range(5)),
        *(with_seed(mostly_the_last, seed) for seed in range(5)),
    ],
)
@pytest.mark.parametrize("keyed", [False, True])
def test_64_processes_get_the_lowest_runs_in_at_most_300_writes(
    choose: Callable[..., Caller[list[int]]], seed: int, keyed: bool
) -> None:
    service = Service(*range(3, 3 * 2 * CALLERS, 3))
    callers = [service.caller(None, f"k{number}" if keyed else None) for number in range(CALLERS)]
    results = interleave(callers, choose, random.Random(seed))
    assert (
        sorted(chain.from_iterable(results))
        == service.scheduled()
        == list(range(3, 3 * (CALLERS + 1), 3))
    )
    assert service.writes <= MOST_WRITES


@pytest.mark.parametrize(
    ("choose", "seed"),
    [with_seed(choose, seed) for choose in (in_step, by_chance) for seed in range(5)],
)
def test_parallel_batches_of_many_sizes_leave_no_gap(
    choose: Callable[..., Caller[list[int]]], seed: int
) -> None:
    chance = random.Random(seed)
    counts = [chance.randint(1, 12) for _ in range(24)]
    service = Service(*range(1, 400))
    callers = [service.caller(count, f"k{number}") for number, count in enumerate(counts)]
    results = interleave(callers, choose, chance)
    assert [len(result) for result in results] == counts
    assert (
        sorted(chain.from_iterable(results))
        == service.scheduled()
        == list(range(1, sum(counts) + 1))
    )
    assert service.writes <= 3 * len(counts) + 2 * sum(counts)


def retry_during_a_batch(
    taken_at: int, retried_at: int
) -> tuple[Service, Caller[list[int]], list[int], list[int] | None]:
    """Let others schedule before one call of a batch, and repeat its key before a later call."""
    service = Service(1, 2, 3)
    batch = service.caller(3, "k")
    batch.advance(taken_at)
    others = [service.schedule(None, None)[0]] if len(service.scheduled()) < 3 else []
    batch.advance(retried_at - taken_at)
    service.store(4, 5)
    service.clock.advance(LEASE.total_seconds())
    try:
        retried = service.schedule(3, "k")
    except NothingAvailable:
        retried = None
    batch.finish()
    return service, batch, others, retried


@pytest.mark.parametrize("taken_at", range(9))
def test_a_retry_gets_runs_that_stay_wherever_the_first_request_stood_still(taken_at: int) -> None:
    for retried_at in range(taken_at, taken_at + 12):
        service, batch, others, retried = retry_during_a_batch(taken_at, retried_at)
        assert retried is not None
        assert service.scheduled() == sorted([*others, *retried]), (taken_at, retried_at)
        assert service.schedule(3, "k") == retried
        assert (
            isinstance(batch.error, (IdempotencyKeyInUse, NothingAvailable))
            or batch.result == retried
        )
