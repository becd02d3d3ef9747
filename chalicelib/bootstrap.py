"""The composition root: builds the adapters once per process.

This happens at the first request: importing the app connects nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .adapters.aws.bond_cache import S3BondCache
from .adapters.aws.build_leases import DynamoBuildLeases
from .adapters.aws.clients import Clients
from .adapters.aws.data_bucket import S3DataBucket
from .adapters.aws.dataset_repository import DynamoDatasetRepository
from .adapters.aws.freeze_repository import DynamoFreezeRepository
from .adapters.aws.idempotency_store import DynamoIdempotencyStore
from .adapters.aws.lambda_build_queue import LambdaBuildQueue
from .adapters.aws.outcome_cache import DynamoOutcomeCache
from .adapters.aws.run_repository import DynamoRunRepository
from .adapters.aws.token_repository import DynamoTokenRepository
from .adapters.local.build_queue import LocalBuildQueue
from .adapters.local.clock import SystemClock
from .adapters.local.simulated_executor import SimulatedExecutor
from .domain.freezes import FreezeTask
from .settings import Settings
from .usecases.archives import ArchiveDependencies, run_build
from .usecases.build_ports import BuilderTask, BuildQueue
from .usecases.build_slots import BuildSlots
from .usecases.dataset_info import DatasetInfoReader
from .usecases.free_run_finder import FreeRunFinder
from .usecases.freeze_dependencies import FreezeDependencies
from .usecases.freezing import run_freeze
from .usecases.metrics import METRICS, Metric
from .usecases.outcomes import OutcomeReader
from .usecases.ports import (
    BondCache,
    Clock,
    DataBucket,
    IdempotencyStore,
    OutcomeCache,
    RunRepository,
    TokenRepository,
)
from .usecases.run_status import HeldRequests, RunStatusReader

_LAMBDA_STEP_SECONDS = 600
"""An invocation has 900 s. The next request for the freeze starts another one."""
_LOCAL_STEP_SECONDS = 20
"""After which a freeze gives its slot to other builds that are waiting."""


@dataclass(frozen=True, slots=True)
class Services:
    """The dependencies of all use cases."""

    runs: RunRepository
    bucket: DataBucket
    dataset: DatasetInfoReader
    free_runs: FreeRunFinder
    outcomes: OutcomeCache
    status: RunStatusReader
    held_requests: HeldRequests
    clock: Clock
    archives: ArchiveDependencies
    freezes: FreezeDependencies
    bonds: BondCache
    idempotency: IdempotencyStore
    tokens: TokenRepository


def services() -> Services:
    """Return the services of this process. SettingsError if a setting is missing or invalid."""
    with _LOCK:
        if not _SERVICES:
            _SERVICES.append(build_services(Settings.from_mapping(os.environ)))
        return _SERVICES[-1]


@contextmanager
def override_services(replacement: Services) -> Iterator[None]:
    """Use other services in this process while the context is open, for tests."""
    with _LOCK:
        _SERVICES.append(replacement)
    try:
        yield
    finally:
        with _LOCK:
            _SERVICES.remove(replacement)


def build_services(settings: Settings, clients: Clients | None = None) -> Services:
    """Return new services for the settings, on these connections to AWS if given."""
    clients = clients or Clients.connect(settings)
    runs = DynamoRunRepository(clients.dynamodb, settings.run_table)
    bucket = S3DataBucket(
        clients.objects,
        clients.signer,
        settings.data_prefix,
        settings.url_ttl_seconds,
        credentials_expire_at=clients.credentials_expire_at,
    )
    outcomes = DynamoOutcomeCache(clients.dynamodb, settings.run_table)
    clock = SystemClock()
    dataset = DatasetInfoReader(bucket, clock, settings.soap_descriptor)
    slots = BuildSlots(settings.build_concurrency)

    def execute(task: BuilderTask) -> None:
        if not isinstance(task, FreezeTask):
            run_build(task, archives)
        elif rest := run_freeze(task, freezes):
            queue.submit(rest)
            METRICS.add(Metric.BUILDS_QUEUED)

    function = settings.builder_function
    queue: BuildQueue = (
        LambdaBuildQueue(clients.create_lambda_client(), function)
        if function
        else LocalBuildQueue(execute, slots)
    )
    archives = ArchiveDependencies(
        runs=runs,
        bucket=bucket,
        leases=DynamoBuildLeases(clients.dynamodb, settings.run_table),
        queue=queue,
        clock=clock,
        inline_max_bytes=settings.build_inline_max_bytes,
        dataset=dataset,
        slots=slots,
    )
    outcome_reader = OutcomeReader(bucket, outcomes, clock)
    freezes = FreezeDependencies(
        runs=runs,
        bucket=bucket,
        store=bucket,
        outcomes=outcome_reader,
        dataset=dataset,
        versions=DynamoDatasetRepository(clients.dynamodb, settings.run_table),
        freezes=DynamoFreezeRepository(clients.dynamodb, settings.run_table),
        leases=archives.leases,
        queue=queue,
        clock=clock,
        step_seconds=_LAMBDA_STEP_SECONDS if function else _LOCAL_STEP_SECONDS,
    )
    return Services(
        runs=runs,
        bucket=bucket,
        dataset=dataset,
        free_runs=FreeRunFinder(runs, bucket, clock),
        outcomes=outcomes,
        status=RunStatusReader(
            runs,
            SimulatedExecutor(settings.job_run_time_seconds),
            outcome_reader,
            clock,
        ),
        held_requests=HeldRequests(settings.max_held_requests, clock),
        clock=clock,
        archives=archives,
        freezes=freezes,
        bonds=S3BondCache(clients.objects),
        idempotency=DynamoIdempotencyStore(clients.dynamodb, settings.run_table),
        tokens=DynamoTokenRepository(clients.dynamodb, settings.run_table),
    )


_LOCK = threading.Lock()
_SERVICES: list[Services] = []
