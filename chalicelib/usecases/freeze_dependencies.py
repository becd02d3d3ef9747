"""The dependencies of the use cases that create versions of datasets."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.datasets import DatasetVersion

from .build_ports import BuildLeases, BuildQueue
from .dataset_info import DatasetInfoReader
from .dataset_ports import DatasetRepository, DatasetStore, FreezeRepository
from .outcomes import OutcomeReader
from .ports import Clock, DataBucket, RunRepository


@dataclass(frozen=True, slots=True)
class FreezeDependencies:
    """Dependencies of freezes.

    The builder stops after `step_seconds` and continues with another task, because a Lambda
    function has a time limit, and other builds must not wait for a whole freeze.
    """

    runs: RunRepository
    bucket: DataBucket
    store: DatasetStore
    outcomes: OutcomeReader
    dataset: DatasetInfoReader
    versions: DatasetRepository
    freezes: FreezeRepository
    leases: BuildLeases
    queue: BuildQueue
    clock: Clock
    step_seconds: float

    def list_versions(self, name: str) -> list[DatasetVersion]:
        """Return the versions of a dataset, including deleted ones."""
        return list(self.versions.list_versions(name))
