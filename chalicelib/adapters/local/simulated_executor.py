"""A simulated executor. It runs no calculation.

Executors for AWS Batch or Slurm implement the same port (`usecases.ports.Executor`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.runs import JobStatus


@dataclass(frozen=True, slots=True)
class SimulatedExecutor:
    """Implements `Executor`: a job is RUNNING for `job_run_time_seconds`, then DONE."""

    job_run_time_seconds: float

    def status(self, scheduled_at: datetime, now: datetime) -> JobStatus:
        elapsed_seconds = (now - scheduled_at).total_seconds()
        return JobStatus.DONE if elapsed_seconds >= self.job_run_time_seconds else JobStatus.RUNNING
