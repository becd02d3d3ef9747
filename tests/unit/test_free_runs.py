"""How much is read to find a free run, and what is seen when data arrive later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pytest

from chalicelib.domain.artifacts import get_files_prefix
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NothingAvailable
from chalicelib.domain.run_claims import RunClaim
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.usecases.free_run_finder import BUCKET_CACHE_LIFETIME, FreeRunFinder
from chalicelib.usecases.scheduling import schedule_runs
from tests.support.fakes import FakeClock, FakeDataBucket, FakeIdempotencyStore, FakeRunRepository

NC = NominalComposition("Zr49Cu49Al2")


class CountingBucket(FakeDataBucket):
    def __init__(self) -> None:
        super().__init__()
        self.calls = Counter[str]()

    def list_run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        self.calls["run_numbers"] += 1
        return super().list_run_numbers(nc)

    def has_files(self, key: SubRunKey) -> bool:
        self.calls["has_files"] += 1
        return get_files_prefix(key) + "a" in self.objects

    def list_runs_with_files(self, first: RunKey, sub_run: int) -> Mapping[int, bool]:
        """As S3 does: in text order, 1,000 files at most."""
        self.calls["listed_runs"] += 1
        return dict(list(super().list_runs_with_files(first, sub_run).items())[:1000])


class CountingTable(FakeRunRepository):
    def __init__(self) -> None:
        super().__init__()
        self.claims_read = 0

    def list_claims(
        self, nc: NominalComposition, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RunClaim]:
        for claim in super().list_claims(nc, after=after, limit=limit):
            self.claims_read += 1
            yield claim


class Service:
    def __init__(self) -> None:
        self.runs, self.bucket, self.clock = CountingTable(), CountingBucket(), FakeClock()
        self.free_runs = FreeRunFinder(self.runs, self.bucket, self.clock)

    def store(self, sub_run: int, *id_runs: int) -> None:
        for id_run in id_runs:
            self.bucket.put(get_files_prefix(SubRunKey(RunKey(NC, id_run), sub_run)) + "a", b"")

    def schedule(self, count: int | None = None) -> list[int]:
        self.bucket.calls.clear()
        self.runs.claims_read = 0
        keys = schedule_runs(
            NC,
            count,
            idempotency_key=None,
            runs=self.runs,
            free_runs=self.free_runs,
            records=FakeIdempotencyStore(),
            clock=self.clock,
        )
        return [run.id_run for run in keys]

    def minute_later(self) -> None:
        self.clock.advance(BUCKET_CACHE_LIFETIME.total_seconds())


@pytest.fixture
def service() -> Service:
    return Service()


def test_3000_runs_without_sub_run_0_are_found_out_by_few_listings_once(service: Service) -> None:
    service.store(1, *range(1, 3001))
    service.store(0, 3001, 3002)
    assert service.schedule() == [3001]
    assert service.bucket.calls["has_files"] <= 100
    assert service.bucket.calls["listed_runs"] <= 10
    assert service.schedule() == [3002]
    assert not service.bucket.calls


def test_a_run_whose_data_arrive_late_comes_first_within_a_minute(service: Service) -> None:
    service.store(1, *range(1, 101))
    service.store(0, *range(101, 110))
    assert service.schedule() == [101]
    service.store(0, 50, 7)
    service.minute_later()
    assert service.schedule(3) == [7, 50, 102]


def test_few_runs_without_sub_run_0_are_looked_at_by_every_request(service: Service) -> None:
    service.store(1, *range(1, 16))
    service.store(0, 16, 17)
    assert service.schedule() == [16]
    service.store(0, 7)
    assert service.schedule() == [7]
    assert service.schedule() == [17]


def test_nothing_available_does_not_look_again_at_remembered_runs(service: Service) -> None:
    service.store(1, *range(1, 1001))
    for _ in range(2):
        with pytest.raises(NothingAvailable):
            service.schedule()
    assert service.bucket.calls["has_files"] + service.bucket.calls["listed_runs"] == 0


def test_the_last_of_10000_runs_is_found_without_reading_the_lists(service: Service) -> None:
    service.store(0, *range(1, 10_001))
    for id_run in range(1, 9999):
        service.runs.add(Run(RunKey(NC, id_run), frozenset({0}), service.clock.now()), str(id_run))
    service.minute_later()
    assert service.schedule() == [9999]
    assert service.schedule() == [10_000]
    assert service.bucket.calls["run_numbers"] == 0
    assert service.runs.claims_read <= 200


def test_a_lower_number_that_arrives_late_comes_first(service: Service) -> None:
    service.store(0, 5, 21, 22)
    assert service.schedule() == [5]
    service.store(0, 3)
    assert service.schedule() == [3]
    assert service.schedule() == [21]


def test_a_run_that_was_given_back_comes_first(service: Service) -> None:
    service.store(0, *range(1, 2001))
    service.schedule(50)
    claims = {claim.id_run: claim.claim_token for claim in service.runs.list_claims(NC)}
    service.runs.remove(RunKey(NC, 30), claims[30])
    assert service.schedule() == [30]
    assert service.schedule() == [51]


def test_a_run_that_an_operator_deleted_is_found_before_nothing_is_left(service: Service) -> None:
    service.store(0, *range(1, 51))
    service.schedule(50)
    claims = {claim.id_run: claim.claim_token for claim in service.runs.list_claims(NC)}
    service.minute_later()
    with pytest.raises(NothingAvailable):
        service.schedule()
    service.runs.remove(RunKey(NC, 30), claims[30])
    assert service.schedule() == [30]


def test_runs_that_this_process_scheduled_are_not_read_by_every_request(service: Service) -> None:
    service.store(0, *range(1, 201))
    for id_run in range(1, 201):
        assert service.schedule() == [id_run]
        assert service.runs.claims_read <= 2


def test_runs_of_completed_requests_of_other_processes_are_read_once(service: Service) -> None:
    service.store(0, *range(1, 201))
    for _ in range(100):
        service.schedule()
    other = FreeRunFinder(service.runs, service.bucket, service.clock)
    service.free_runs = other
    assert service.schedule() == [101]
    assert service.runs.claims_read >= 100
    assert service.schedule() == [102]
    assert service.runs.claims_read <= 2


def test_runs_that_a_request_may_release_are_read_again(service: Service) -> None:
    service.store(0, *range(1, 201))
    service.schedule(50)
    service.free_runs = FreeRunFinder(service.runs, service.bucket, service.clock)
    service.schedule()
    service.schedule()
    assert service.runs.claims_read >= 49
