"""The only executor there is now; AWS Batch, or Slurm through FirecREST, can take its place behind the same port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.runs import JobStatus


@dataclass(frozen=True, slots=True)
class SimulatedHpc:
    """Pretends that a job takes `job_run_time_seconds` from its scheduling: RUNNING before, DONE from then on."""

    job_run_time_seconds: float

    def status(self, scheduled_at: datetime, now: datetime) -> JobStatus:
        elapsed_seconds = (now - scheduled_at).total_seconds()
        return JobStatus.DONE if elapsed_seconds >= self.job_run_time_seconds else JobStatus.RUNNING
