"""What archiving relies on, on the fake and on DynamoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.aws.build_leases import DynamoBuildLeases
from chalicelib.usecases.build_ports import BuildLeases
from tests.support.fakes import FakeBuildLeases

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
KEY = "archives/Zr49Cu49Al2/21/0/abc.zip"


@pytest.fixture(params=["fake", pytest.param("dynamodb", marks=pytest.mark.stores)])
def leases(request: pytest.FixtureRequest) -> BuildLeases:
    if request.param == "fake":
        return FakeBuildLeases()
    return DynamoBuildLeases(
        request.getfixturevalue("aws").dynamodb, request.getfixturevalue("table")
    )


def test_a_lease_is_read_as_it_was_taken(leases: BuildLeases) -> None:
    assert leases.get(KEY) is None
    assert leases.acquire(KEY, "me", NOW, LATER)
    lease = leases.get(KEY)
    assert lease is not None
    assert (lease.holder, lease.started_at, lease.expires_at, lease.error) == (
        "me",
        NOW,
        LATER,
        None,
    )


def test_a_live_lease_is_not_taken_by_another_but_is_again_by_its_holder(
    leases: BuildLeases,
) -> None:
    leases.acquire(KEY, "me", NOW, LATER)
    assert not leases.acquire(KEY, "you", NOW + timedelta(seconds=29), LATER)
    assert leases.acquire(KEY, "me", NOW, LATER)


def test_a_lease_that_has_run_out_is_taken_over(leases: BuildLeases) -> None:
    leases.acquire(KEY, "me", NOW, LATER)
    assert leases.acquire(KEY, "you", LATER, LATER + timedelta(seconds=30))
    assert not leases.renew(KEY, "me", LATER, 0)
    leases.release(KEY, "me")
    leases.mark_failed(KEY, "me", "too late")
    lease = leases.get(KEY)
    assert lease is not None
    assert (lease.holder, lease.error) == ("you", None)


def test_a_queued_lease_is_acquired_by_its_holder_and_keeps_its_start(
    leases: BuildLeases,
) -> None:
    assert leases.acquire(KEY, "queue", NOW, LATER)
    started = NOW + timedelta(seconds=20)
    assert not leases.acquire(KEY, "builder", started, LATER, queued_by="another queue")
    assert leases.acquire(KEY, "builder", started, LATER, queued_by="queue")
    assert not leases.acquire(KEY, "second builder", started, LATER, queued_by="queue")
    lease = leases.get(KEY)
    assert lease is not None
    assert (lease.holder, lease.started_at) == ("builder", NOW)


def test_a_renewed_lease_keeps_its_start(leases: BuildLeases) -> None:
    leases.acquire(KEY, "me", NOW, LATER)
    assert leases.renew(KEY, "me", LATER + timedelta(seconds=5), 4_096)
    lease = leases.get(KEY)
    assert lease is not None
    assert (lease.started_at, lease.expires_at) == (NOW, LATER + timedelta(seconds=5))


def test_a_failed_lease_contains_the_reason_and_is_free(leases: BuildLeases) -> None:
    leases.acquire(KEY, "me", NOW, LATER)
    leases.mark_failed(KEY, "me", "no space")
    lease = leases.get(KEY)
    assert lease is not None
    assert lease.error == "no space"
    assert leases.acquire(KEY, "you", NOW, LATER)
    taken = leases.get(KEY)
    assert taken is not None
    assert taken.error is None


def test_a_released_lease_is_gone(leases: BuildLeases) -> None:
    leases.acquire(KEY, "me", NOW, LATER)
    leases.release(KEY, "me")
    assert leases.get(KEY) is None
    leases.release(KEY, "me")


def test_of_many_takers_one_wins(leases: BuildLeases) -> None:
    with ThreadPoolExecutor(16) as pool:
        wins = list(
            pool.map(lambda number: leases.acquire(KEY, f"holder-{number}", NOW, LATER), range(16))
        )
    assert wins.count(True) == 1
