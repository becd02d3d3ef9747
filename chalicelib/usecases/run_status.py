"""The status of a run, for callers that poll it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.outcomes import CalculationFacts
from chalicelib.domain.runs import SUB_RUNS, JobStatus, Run, RunKey

from .outcomes import OutcomeReader
from .parallel_calls import run_parallel
from .ports import Clock, Executor, RunRepository
from .run_queries import get_run
from .shared_calls import SharedCalls

MAX_WAIT_SECONDS = 20
"""API Gateway ends a request after 29 s."""
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RunStatusView:
    """A run, the status of its jobs, and the facts of its files by sub-run.

    `sub_runs_status` is None until it is augmented.
    """

    run: Run
    run_status: JobStatus
    sub_runs_status: JobStatus | None
    facts: Mapping[int, CalculationFacts]

    @property
    def running(self) -> bool:
        """Return True if a job of the run is in progress."""
        return JobStatus.RUNNING in (self.run_status, self.sub_runs_status)


class RunStatusReader:
    """Reads the status of runs, from the executor and from the files."""

    def __init__(
        self, runs: RunRepository, executor: Executor, outcomes: OutcomeReader, clock: Clock
    ) -> None:
        self._runs = runs
        self._executor = executor
        self._outcomes = outcomes
        self._clock = clock
        self._calls: SharedCalls[RunKey, RunStatusView] = SharedCalls()

    def read(self, key: RunKey) -> RunStatusView:
        """Return the status of a run at a time after this call. NotFound if it is not scheduled."""
        return self._calls.call(key, lambda: self._read(key))

    def _read(self, key: RunKey) -> RunStatusView:
        if self._outcomes.is_loaded(key):
            run = get_run(key, runs=self._runs, containing=SUB_RUNS)
        else:
            run, _ = run_parallel(
                lambda: get_run(key, runs=self._runs, containing=SUB_RUNS),
                lambda: self._outcomes.load(key),
            )
        now = self._clock.now()
        augmented_at = run.sub_runs_scheduled_at
        return RunStatusView(
            run=run,
            run_status=self._executor.status(run.run_scheduled_at, now),
            sub_runs_status=self._executor.status(augmented_at, now) if augmented_at else None,
            facts=self._outcomes.read(run),
        )


class HeldRequests:
    """At most `limit` requests at a time that wait for a change. Each occupies a thread."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._slots = threading.BoundedSemaphore(limit)
        self._clock = clock

    def wait(self, seconds: float, has_changed: Callable[[], bool]) -> bool:
        """Call `has_changed` every second, until it is true or the time has passed.

        Return False at once if too many requests wait.
        """
        if not self._slots.acquire(blocking=False):
            return False
        try:
            deadline = self._clock.now() + timedelta(seconds=seconds)
            while (remaining := (deadline - self._clock.now()).total_seconds()) > 0:
                self._clock.sleep(min(_POLL_SECONDS, remaining))
                if has_changed():
                    break
        finally:
            self._slots.release()
        return True
