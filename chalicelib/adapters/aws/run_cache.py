"""Runs that a process has read.

Scheduled runs and sub-runs are never removed, except runs of a failed allocation within the same
request. The state of a run that was scheduled more than a minute ago therefore stays valid for
questions about the sub-runs that it contains. Operators may remove runs from the table: a state is
used for ten minutes at most.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from chalicelib.domain.run_claims import FINAL_AFTER
from chalicelib.domain.runs import Run, RunKey

_LIFETIME = timedelta(minutes=10)
_MAX_RUNS = 10_000


class RunCache:
    """The last state of recently read runs."""

    def __init__(self) -> None:
        self._runs: OrderedDict[RunKey, tuple[datetime, Run]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: RunKey, containing: Collection[int]) -> Run | None:
        """Return a state of the run that contains these sub-runs."""
        read_at, run = self._runs.get(key, (None, None))
        if run is None or read_at is None or datetime.now(UTC) - read_at > _LIFETIME:
            return None
        return run if run.sub_runs.issuperset(containing) else None

    def add(self, run: Run) -> None:
        """Keep the state of a run unless its allocation may still be released."""
        now = datetime.now(UTC)
        if now - run.run_scheduled_at < FINAL_AFTER:
            return
        with self._lock:
            self._runs[run.key] = now, run
            self._runs.move_to_end(run.key)
            if len(self._runs) > _MAX_RUNS:
                self._runs.popitem(last=False)
