"""Scheduling with and without a key, under crashes, races and repetitions.

No duplicate run, no partial batch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    NothingAvailable,
    Unavailable,
)
from chalicelib.domain.idempotency import LIFETIME, IdempotencyRecord
from chalicelib.domain.runs import Run, RunKey
from chalicelib.usecases.free_run_finder import FreeRunFinder
from chalicelib.usecases.idempotency import LEASE
from chalicelib.usecases.scheduling import augment_run, schedule_runs
from tests.support.fakes import FakeClock, FakeDataBucket, FakeIdempotencyStore, FakeRunRepository

NC = NominalComposition("Zr49Cu49Al2")


class Crash(BaseException):
    """The end of the process: no later code runs, not even cleanup."""


class SharedClock(FakeClock):
    """A clock that advances a little on each sleep, and lets other threads run."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.advance(seconds / 100)
        threading.Event().wait(0.001)


@dataclass
class SchedulingScenario:
    """A bucket with some runs, an empty table and no records.

    `writes` counts changes; the process ends at `crash_at`.
    """

    runs: FakeRunRepository = field(default_factory=FakeRunRepository)
    bucket: FakeDataBucket = field(default_factory=FakeDataBucket)
    records: FakeIdempotencyStore = field(default_factory=FakeIdempotencyStore)
    clock: FakeClock = field(default_factory=SharedClock)
    writes: int = 0
    crash_at: tuple[int, bool] | None = None
    dead: bool = False

    def __post_init__(self) -> None:
        self.free_runs = FreeRunFinder(self.runs, self.bucket, self.clock)
        for port, names in (
            (self.runs, ("add", "reclaim", "remove", "add_sub_runs")),
            (self.records, ("create", "compare_and_set")),
        ):
            for name in names:
                setattr(port, name, self._counted(getattr(port, name)))

    def _counted(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            if self.dead:
                raise Crash
            position, self.writes = self.writes, self.writes + 1
            if self.crash_at == (position, False):
                self.dead = True
                raise Crash
            result = write(*arguments)
            if self.crash_at == (position, True):
                self.dead = True
                raise Crash
            return result

        return counted

    def store(self, *id_runs: int) -> None:
        for id_run in id_runs:
            self.bucket.put(f"{NC}/c/md/lammps/100/{id_run}/2000/0/{NC}.scf.in", b"")

    def schedule(self, count: int | None = None, key: str | None = None) -> list[int]:
        keys = schedule_runs(
            NC,
            count,
            idempotency_key=key,
            runs=self.runs,
            free_runs=self.free_runs,
            records=self.records,
            clock=self.clock,
        )
        return [run_key.id_run for run_key in keys]

    def augment(self, id_run: int, sub_runs: list[int], key: str | None = None) -> RunKey:
        return augment_run(
            RunKey(NC, id_run),
            sub_runs,
            idempotency_key=key,
            runs=self.runs,
            records=self.records,
            clock=self.clock,
        )

    def allocated(self) -> list[int]:
        return [run.key.id_run for run in self.runs.list_runs()]


@pytest.fixture
def scenario() -> SchedulingScenario:
    return SchedulingScenario()


def test_without_a_key_every_request_gets_the_next_run(scenario: SchedulingScenario) -> None:
    scenario.store(21, 3, 100)
    assert [scenario.schedule() for _ in range(3)] == [[3], [21], [100]]
    with pytest.raises(NothingAvailable, match="no run of 'Zr49Cu49Al2' is available"):
        scenario.schedule()
    assert scenario.records.records == {}


def test_the_same_key_gets_the_same_run_again(scenario: SchedulingScenario) -> None:
    scenario.store(1, 2)
    assert scenario.schedule(key="k") == scenario.schedule(key="k") == [1]
    assert scenario.schedule(key="another") == [2]
    assert scenario.schedule(key="k") == [1]


def test_a_composition_without_data_is_not_found_and_its_key_may_be_tried_again(
    scenario: SchedulingScenario,
) -> None:
    with pytest.raises(NotFound, match="has no runs in the data bucket"):
        scenario.schedule(key="k")
    scenario.store(5)
    assert scenario.schedule(key="k") == [5]


@pytest.mark.parametrize("other", [("schedule", 2), ("augment", 1)])
def test_a_key_that_comes_with_another_request_is_refused(
    scenario: SchedulingScenario, other: tuple[str, int]
) -> None:
    scenario.store(1, 2)
    scenario.schedule(key="k")
    with pytest.raises(
        IdempotencyKeyReused,
        match=r"'k' was used with another request \(schedule one of Zr49Cu49Al2\)",
    ):
        scenario.schedule(other[1], key="k") if other[0] == "schedule" else scenario.augment(
            other[1], [1], key="k"
        )
    assert scenario.allocated() == [1]


def test_a_key_whose_first_request_is_at_work_is_in_flight_until_the_lease_ends(
    scenario: SchedulingScenario,
) -> None:
    scenario.store(1)
    now = scenario.clock.now()
    scenario.records.records["k"] = IdempotencyRecord(
        "k", f"schedule one of {NC}", "other", now + LEASE, now + LIFETIME, "token"
    )
    scenario.clock = FakeClock()
    with pytest.raises(IdempotencyKeyInUse, match="'k' is in progress") as caught:
        scenario.schedule(key="k")
    assert caught.value.retry_after_seconds == 2
    scenario.clock.time = now + LEASE
    assert scenario.schedule(key="k") == [1]
    [claim] = scenario.runs.list_claims(NC)
    assert claim.claim_token.endswith(".token")


def test_a_key_is_forgotten_after_a_day(scenario: SchedulingScenario) -> None:
    scenario.store(1, 2)
    assert scenario.schedule(key="k") == [1]
    scenario.clock.time += LIFETIME - timedelta(seconds=1)
    assert scenario.schedule(key="k") == [1]
    scenario.clock.time += timedelta(seconds=1)
    assert scenario.schedule(key="k") == [2]


def test_a_batch_is_the_lowest_numbers_in_order(scenario: SchedulingScenario) -> None:
    scenario.store(*range(1, 40))
    scenario.schedule()
    assert scenario.schedule(20) == list(range(2, 22))
    assert scenario.schedule(1) == [22]


def test_a_batch_larger_than_the_rest_allocates_nothing_and_reports_it(
    scenario: SchedulingScenario,
) -> None:
    scenario.store(1, 2, 3)
    scenario.schedule()
    for key in (None, "k"):
        with pytest.raises(
            NothingAvailable,
            match=(
                "2 runs of 'Zr49Cu49Al2' are available, fewer than the 3 requested; nothing was "
                "scheduled"
            ),
        ):
            scenario.schedule(3, key=key)
    assert scenario.allocated() == [1]
    scenario.store(4)
    assert scenario.schedule(3, key="k") == [2, 3, 4]


def test_runs_without_the_reference_cell_are_passed_over(scenario: SchedulingScenario) -> None:
    scenario.bucket.put(f"{NC}/c/md/lammps/100/1/2000/1/file", b"")
    scenario.store(2)
    assert scenario.schedule() == [2]


def test_no_run_is_written_unless_the_record_of_its_key_is_stored(
    scenario: SchedulingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise Unavailable("the run table does not respond")

    scenario.store(1)
    monkeypatch.setattr(scenario.records, "create", fail)
    with pytest.raises(Unavailable):
        scenario.schedule(key="k")
    assert list(scenario.runs.list_runs(NC)) == []


def test_a_repeated_request_returns_its_runs_while_the_bucket_fails(
    scenario: SchedulingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> list[int]:
        raise Unavailable("the data bucket does not respond")

    scenario.store(1)
    assert scenario.schedule(key="k") == [1]
    monkeypatch.setattr(scenario.bucket, "list_run_numbers", fail)
    assert scenario.schedule(key="k") == [1]
    with pytest.raises(Unavailable):
        scenario.schedule(key="another")


def test_augmenting_with_a_key_happens_once_and_is_checked(scenario: SchedulingScenario) -> None:
    scenario.store(1)
    with pytest.raises(NotFound, match="run '1' of 'Zr49Cu49Al2' is not scheduled"):
        scenario.augment(1, [1, 2], key="k")
    scenario.schedule()
    with pytest.raises(InvalidInput, match=r"invalid sub_runs \['0'\]"):
        scenario.augment(1, [0], key="k")
    assert (
        scenario.augment(1, [1, 2], key="k")
        == scenario.augment(1, [2, 1], key="k")
        == RunKey(NC, 1)
    )
    writes, stored = scenario.writes, dict(scenario.records.records)
    scenario.augment(1, [1, 2], key="k")
    assert scenario.writes == writes + 1  # the creation of the record, which is refused
    assert scenario.records.records == stored


def crash_points(count: int | None) -> int:
    probe = SchedulingScenario()
    probe.store(*range(1, 9))
    probe.schedule(count, key="k")
    return probe.writes


@pytest.mark.parametrize("count", [None, 1, 5])
def test_after_a_crash_at_any_write_the_key_completes_the_same_runs(count: int | None) -> None:
    for position in range(crash_points(count)):
        for after_the_write in (False, True):
            scenario = SchedulingScenario(crash_at=(position, after_the_write))
            scenario.store(*range(1, 9))
            with pytest.raises(Crash):
                scenario.schedule(count, key="k")
            scenario.dead, scenario.crash_at = False, None
            scenario.clock.time += LEASE
            # Others come first, and take what the crashed request had not claimed yet; lower
            # numbers appear in the bucket.
            others = scenario.schedule(2)
            result = scenario.schedule(count, key="k")
            assert len(result) == (count or 1)
            assert scenario.schedule(count, key="k") == result
            assert scenario.allocated() == sorted([*others, *result])


def test_a_failed_write_is_tried_again_by_the_next_request_at_once(
    scenario: SchedulingScenario,
) -> None:
    scenario.store(1, 2, 3)
    add = scenario.runs.add
    failures = iter([False, True])

    def fails_once(run: Run, claim_token: str, wanted: int = 1) -> bool:
        if next(failures, False):
            raise Unavailable("the run table does not respond")
        return add(run, claim_token, wanted)

    scenario.runs.add = fails_once  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        scenario.schedule(2, key="k")
    assert scenario.allocated() == [1]
    assert scenario.schedule(2, key="k") == [1, 2]


def test_a_request_that_was_taken_over_while_it_stood_still_claims_nothing_more(
    scenario: SchedulingScenario,
) -> None:
    scenario.store(1, 2, 3)
    compare_and_set = scenario.records.compare_and_set

    def taken_over(record: IdempotencyRecord, holder: str) -> bool:
        scenario.records.compare_and_set = compare_and_set  # type: ignore[method-assign]
        stolen = replace(scenario.records.records["k"], holder="another")
        scenario.records.records["k"] = stolen
        return compare_and_set(record, holder)

    scenario.records.compare_and_set = taken_over  # type: ignore[method-assign]
    with pytest.raises(IdempotencyKeyInUse):
        scenario.schedule(2, key="k")
    assert scenario.allocated() == []


@pytest.mark.parametrize("count", [None, 3])
def test_fifty_parallel_requests_with_one_key_return_one_result(
    scenario: SchedulingScenario, count: int | None
) -> None:
    scenario.store(*range(1, 100))
    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda _: scenario.schedule(count, key="k"), range(50)))
    assert results == [results[0]] * 50
    assert scenario.allocated() == results[0] == list(range(1, (count or 1) + 1))


def test_parallel_batches_share_out_the_runs_without_gaps(scenario: SchedulingScenario) -> None:
    scenario.store(*range(1, 61))
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: scenario.schedule(10, key=f"k{n}"), range(6)))
    assert sorted(chain.from_iterable(results)) == scenario.allocated() == list(range(1, 61))


def test_one_of_two_batches_for_the_last_runs_gets_them_all() -> None:
    for _ in range(20):
        scenario = SchedulingScenario()
        scenario.store(*range(1, 11))

        def attempt(key: str, scenario: SchedulingScenario = scenario) -> list[int]:
            try:
                return scenario.schedule(10, key=key)
            except NothingAvailable:
                return []

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(attempt, ["a", "b"]))
        assert sorted(results) == [[], list(range(1, 11))]
        assert scenario.allocated() == list(range(1, 11))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_crashes_at_any_point_neither_duplicate_nor_lose_runs(
    data: st.DataObject,
) -> None:
    scenario = SchedulingScenario()
    scenario.store(*data.draw(st.sets(st.integers(1, 30), min_size=1, max_size=20)))
    results: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    for _ in range(data.draw(st.integers(1, 8))):
        key = data.draw(st.sampled_from("abc"))
        counts.setdefault(key, data.draw(st.integers(1, 6)))
        crash = data.draw(st.none() | st.tuples(st.integers(0, 12), st.booleans()))
        scenario.crash_at = crash and (scenario.writes + crash[0], crash[1])
        try:
            result = scenario.schedule(counts[key], key=key)
            assert results.setdefault(key, result) == result
        except (Crash, NothingAvailable):
            pass
        scenario.dead, scenario.crash_at = False, None
        scenario.clock.time += LEASE
        if data.draw(st.booleans()):
            scenario.store(data.draw(st.integers(1, 30)))
    scenario.store(*range(31, 60))
    for key, count in counts.items():
        result = scenario.schedule(count, key=key)
        assert results.setdefault(key, result) == result
    assert sorted(chain.from_iterable(results.values())) == scenario.allocated()
    assert all(len(result) == counts[key] for key, result in results.items())
