"""The build lease: its heartbeat, and the checks before writes."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import NotFound, Unavailable
from chalicelib.usecases.build_lease import LEASE, LeaseLost, hold_lease
from chalicelib.usecases.parallel_calls import wait_for_later_calls
from tests.support.fakes import FakeBuildLeases, FakeClock

KEY = "archives/Al2/1/0/a.zip"
BEAT_SECONDS = 0.001
LIMIT_SECONDS = 30


class CountingLeases(FakeBuildLeases):
    """Leases that count renewals; the renewals with the numbers in `failing` are Unavailable."""

    def __init__(self, *failing: int) -> None:
        super().__init__()
        self.renewals = 0
        self._failing = failing
        self._changed = threading.Condition()

    def renew(self, archive_key: str, holder: str, expires_at: datetime, bytes_done: int) -> bool:
        with self._changed:
            self.renewals += 1
            self._changed.notify_all()
            if self.renewals in self._failing:
                raise Unavailable("the run table does not respond")
        return super().renew(archive_key, holder, expires_at, bytes_done)

    def wait_for_renewals(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.renewals >= count, LIMIT_SECONDS)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_the_heartbeat_renews_the_lease_during_the_build(clock: FakeClock) -> None:
    leases = CountingLeases()
    with hold_lease(KEY, leases=leases, clock=clock, heartbeat_seconds=BEAT_SECONDS) as lease:
        clock.advance(20)
        lease.bytes_done = 12_345
        leases.wait_for_renewals(leases.renewals + 2)
        stored = leases.get(KEY)
        assert stored and stored.expires_at == clock.now() + LEASE
        assert stored.bytes_done == 12_345
        lease.check()
    wait_for_later_calls()
    assert leases.get(KEY) is None


def test_the_heartbeat_continues_after_a_failed_renewal(clock: FakeClock) -> None:
    leases = CountingLeases(1, 2)
    with hold_lease(KEY, leases=leases, clock=clock, heartbeat_seconds=BEAT_SECONDS) as lease:
        leases.wait_for_renewals(4)
        lease.confirm()


def test_the_heartbeat_detects_that_another_builder_took_over(clock: FakeClock) -> None:
    leases = CountingLeases()

    def build() -> None:
        with hold_lease(KEY, leases=leases, clock=clock, heartbeat_seconds=BEAT_SECONDS) as lease:
            lease.check()
            later = clock.now() + timedelta(hours=1)
            assert leases.acquire(KEY, "another", later, later + LEASE)
            for thread in threading.enumerate():
                if thread.name == "lease-heartbeat":
                    thread.join(LIMIT_SECONDS)  # it ends when it notices the loss
            lease.check()

    with pytest.raises(LeaseLost):
        build()
    stored = leases.get(KEY)
    assert stored and stored.holder == "another" and stored.error is None


def test_a_suspended_builder_confirms_its_lease_before_it_writes(clock: FakeClock) -> None:
    leases = CountingLeases()
    with hold_lease(KEY, leases=leases, clock=clock) as lease:
        lease.confirm()
        assert leases.renewals == 0
        clock.advance(LEASE.total_seconds())
        lease.confirm()
        assert leases.renewals == 1


def test_of_two_builders_one_holds_the_lease(clock: FakeClock) -> None:
    leases = FakeBuildLeases()
    with hold_lease(KEY, leases=leases, clock=clock) as first:
        first.check()
        with pytest.raises(LeaseLost), hold_lease(KEY, leases=leases, clock=clock) as second:
            second.check()
        first.confirm()


def test_a_builder_without_the_lease_does_not_report_its_own_errors(clock: FakeClock) -> None:
    leases = FakeBuildLeases()
    with hold_lease(KEY, leases=leases, clock=clock) as first:
        first.check()
        with pytest.raises(LeaseLost), hold_lease(KEY, leases=leases, clock=clock):
            raise NotFound("no file")
    wait_for_later_calls()
    assert leases.get(KEY) is None


def test_the_lease_is_acquired_while_the_builder_reads(clock: FakeClock) -> None:
    reading = threading.Event()

    class SlowLeases(FakeBuildLeases):
        def acquire(self, *arguments: Any, **options: Any) -> bool:
            assert reading.wait(LIMIT_SECONDS)
            return super().acquire(*arguments, **options)

    with hold_lease(KEY, leases=SlowLeases(), clock=clock) as lease:
        reading.set()
        lease.check()


@pytest.mark.parametrize(
    ("error", "reason"),
    [(NotFound("no file"), "no file"), (RuntimeError("internals"), "RuntimeError")],
)
def test_a_failed_build_stores_its_reason(clock: FakeClock, error: Exception, reason: str) -> None:
    leases = FakeBuildLeases()
    with pytest.raises(type(error)), hold_lease(KEY, leases=leases, clock=clock):
        raise error
    stored = leases.get(KEY)
    assert stored and stored.error == reason
    assert not any(thread.name == "lease-heartbeat" for thread in threading.enumerate())
