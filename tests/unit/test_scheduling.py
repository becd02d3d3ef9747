"""Scheduling over the fakes: what cannot be seen from outside."""

from __future__ import annotations

import threading

import pytest

from chalicelib.domain.artifacts import get_files_prefix
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.usecases.free_run_finder import FreeRunFinder
from chalicelib.usecases.scheduling import schedule_runs
from tests.support.fakes import FakeClock, FakeDataBucket, FakeIdempotencyStore, FakeRunRepository

NC = NominalComposition.parse("Al2")


class FailingRunTable(FakeRunRepository):
    def add(self, run: Run, claim_token: str, wanted: int = 1) -> bool:
        raise Unavailable("the run table does not respond")


def test_a_failed_request_leaves_no_thread_running() -> None:
    """It once did, and blocked the process for good.

    Collected while a thread was being started, it waited for itself.
    """
    bucket = FakeDataBucket()
    for id_run in range(1, 30):
        bucket.put(get_files_prefix(SubRunKey(RunKey(NC, id_run), 0)) + "a", b"a")
    runs, clock = FailingRunTable(), FakeClock()
    free_runs = FreeRunFinder(runs, bucket, clock)
    with pytest.raises(Unavailable) as caught:
        schedule_runs(
            NC,
            5,
            idempotency_key=None,
            runs=runs,
            free_runs=free_runs,
            records=FakeIdempotencyStore(),
            clock=clock,
        )
    assert caught.tb  # whose frames hold the generator
    assert not [
        thread.name for thread in threading.enumerate() if thread.name.startswith("candidates")
    ]
