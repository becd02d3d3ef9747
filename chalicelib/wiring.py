"""Settings and adapters, put together once in a process: at the first request, so that importing the app connects nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from .aws.clients import Clients
from .aws.data_bucket import S3DataBucket
from .aws.run_table import DynamoRunTable
from .settings import Settings
from .usecases.ports import Clock, DataBucket, Executor, RunTable
from .usecases.simulated_hpc import SimulatedHpc


@dataclass(frozen=True, slots=True)
class Services:
    runs: RunTable
    bucket: DataBucket
    executor: Executor
    clock: Clock


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def services() -> Services:
    """The services of this process. SettingsError if the environment does not describe any."""
    with _LOCK:
        if not _MADE:
            _MADE.append(make_services(Settings.from_environment()))
        return _MADE[0]


def make_services(settings: Settings) -> Services:
    clients = Clients.connect(settings)
    return Services(
        runs=DynamoRunTable(clients.dynamodb, settings.run_table),
        bucket=S3DataBucket(clients.s3, clients.s3_public, settings.data_bucket, settings.data_prefix, settings.url_ttl_seconds),
        executor=SimulatedHpc(settings.job_run_time_seconds),
        clock=SystemClock(),
    )


_LOCK = threading.Lock()
_MADE: list[Services] = []
