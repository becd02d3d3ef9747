"""Settings and adapters, put together once in a process: at the first request, so that importing the app connects nothing."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from .adapters.aws.bond_cache import S3BondRecords
from .adapters.aws.build_leases import DynamoBuildLeases
from .adapters.aws.clients import Clients
from .adapters.aws.data_bucket import S3DataBucket
from .adapters.aws.idempotency_store import DynamoIdempotencyRecords
from .adapters.aws.lambda_builder import LambdaBuilder
from .adapters.aws.outcome_cache import DynamoOutcomeRecords
from .adapters.aws.run_repository import DynamoRunTable
from .adapters.aws.token_repository import DynamoAccessTokens
from .adapters.local.build_queue import BuildQueue
from .adapters.local.simulated_executor import SimulatedHpc
from .domain.archive import BuildOrder
from .settings import Settings, auth_mode
from .usecases.archives import Archives, build
from .usecases.bonds import BondRecords
from .usecases.build_slots import BuildSlots
from .usecases.dataset_info import DatasetInfos
from .usecases.free_runs import FreeRuns
from .usecases.ports import (
    Clock,
    DataBucket,
    Executor,
    IdempotencyRecords,
    OutcomeRecords,
    RunTable,
)
from .usecases.tokens import AccessTokens

__all__ = ["Services", "SystemClock", "auth_mode", "make_services", "services"]


@dataclass(frozen=True, slots=True)
class Services:
    runs: RunTable
    bucket: DataBucket
    dataset: DatasetInfos
    free_runs: FreeRuns
    executor: Executor
    clock: Clock
    archives: Archives
    bond_records: BondRecords
    idempotency: IdempotencyRecords
    outcomes: OutcomeRecords
    tokens: AccessTokens


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def services() -> Services:
    """The services of this process. SettingsError if the environment does not describe any."""
    with _LOCK:
        if not _MADE:
            _MADE.append(make_services(Settings.from_environment()))
        return _MADE[0]


def make_services(settings: Settings) -> Services:
    clients = Clients.connect(settings)
    runs = DynamoRunTable(clients.dynamodb, settings.run_table)
    bucket = S3DataBucket(
        clients.s3,
        clients.s3_public,
        settings.data_bucket,
        settings.data_prefix,
        settings.url_ttl_seconds,
        write_client=clients.s3_writes,
        credentials_expire_at=clients.credentials_expire_at,
    )
    clock = SystemClock()
    dataset = DatasetInfos(bucket, clock, settings.soap_descriptor)
    slots = BuildSlots(settings.build_concurrency)

    def build_here(order: BuildOrder, holder: str) -> None:
        build(order, holder, archives)

    function = settings.builder_function
    archives = Archives(
        runs=runs,
        bucket=bucket,
        leases=DynamoBuildLeases(clients.dynamodb, settings.run_table),
        builder=LambdaBuilder(clients.lambda_(), function)
        if function
        else BuildQueue(build_here, slots),
        clock=clock,
        inline_max_bytes=settings.build_inline_max_bytes,
        dataset=dataset,
        slots=slots,
    )
    bond_records = S3BondRecords(clients.s3, settings.data_bucket)
    return Services(
        runs=runs,
        bucket=bucket,
        dataset=dataset,
        free_runs=FreeRuns(runs, bucket, clock),
        executor=SimulatedHpc(settings.job_run_time_seconds),
        clock=clock,
        archives=archives,
        bond_records=bond_records,
        idempotency=DynamoIdempotencyRecords(clients.dynamodb, settings.run_table),
        outcomes=DynamoOutcomeRecords(clients.dynamodb, settings.run_table),
        tokens=DynamoAccessTokens(clients.dynamodb, settings.run_table),
    )


_LOCK = threading.Lock()
_MADE: list[Services] = []
