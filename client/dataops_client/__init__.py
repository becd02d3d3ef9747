"""Client of the DataOps API: schedules runs of atomistic simulations and downloads their files.

from dataops_client import DataOpsClient

with DataOpsClient("http://localhost:8000") as client:
    run = client.generate("Zr49Cu49Al2")
    download = client.download("Zr49Cu49Al2", run.id_run, 0, "files")
"""

from typing import TYPE_CHECKING, Any

from dataops_client._version import __version__
from dataops_client.api import InsecureConnection
from dataops_client.client import DataOpsClient
from dataops_client.datasets.folder import DatasetVerification, verify_dataset
from dataops_client.datasets.lock import DatasetLock
from dataops_client.datasets.pull import PulledDataset
from dataops_client.downloads import (
    DownloadResult,
    DownloadTarget,
    DryRunResult,
    download_all,
    dry_run,
    list_targets,
)
from dataops_client.errors import (
    AccessDenied,
    Cancelled,
    ChecksumMismatch,
    Conflict,
    DataOpsError,
    InvalidArchive,
    InvalidRequest,
    NotFound,
    NothingAvailable,
    TargetNotEmpty,
    TimedOut,
    TransferFailed,
    Unavailable,
    UnexpectedResponse,
    UnsafeArchive,
)
from dataops_client.models.archives import (
    ArchiveFile,
    ArchiveLink,
    BuildProgress,
    Manifest,
    ManifestFile,
    SkippedFile,
)
from dataops_client.models.bonds import Bonds, BondStrength, BondTypeSummary
from dataops_client.models.datasets import (
    Advisory,
    BondChange,
    DatasetDiff,
    DatasetSummary,
    DatasetVersion,
    DatasetVersions,
    DeletedVersion,
    FreezeProgress,
    OutcomeChange,
)
from dataops_client.models.downloads import Download
from dataops_client.models.facts import FoundSubRuns, SubRunFacts
from dataops_client.models.runs import Run, RunStatus, Scheduled, ScheduledRuns, SubRunOutcome
from dataops_client.models.service import DatasetInfo, Identity
from dataops_client.models.summary import CompositionSummary
from dataops_client.transfer.config import TransferConfig
from dataops_client.verify import Difference, VerificationResult, verify

if TYPE_CHECKING:
    from dataops_client.async_client import AsyncDataOpsClient

__all__ = [
    "AccessDenied",
    "Advisory",
    "ArchiveFile",
    "ArchiveLink",
    "AsyncDataOpsClient",
    "BondChange",
    "BondStrength",
    "BondTypeSummary",
    "Bonds",
    "BuildProgress",
    "Cancelled",
    "ChecksumMismatch",
    "CompositionSummary",
    "Conflict",
    "DataOpsClient",
    "DataOpsError",
    "DatasetDiff",
    "DatasetInfo",
    "DatasetLock",
    "DatasetSummary",
    "DatasetVerification",
    "DatasetVersion",
    "DatasetVersions",
    "DeletedVersion",
    "Difference",
    "Download",
    "DownloadResult",
    "DownloadTarget",
    "DryRunResult",
    "FoundSubRuns",
    "FreezeProgress",
    "Identity",
    "InsecureConnection",
    "InvalidArchive",
    "InvalidRequest",
    "Manifest",
    "ManifestFile",
    "NotFound",
    "NothingAvailable",
    "OutcomeChange",
    "PulledDataset",
    "Run",
    "RunStatus",
    "Scheduled",
    "ScheduledRuns",
    "SkippedFile",
    "SubRunFacts",
    "SubRunOutcome",
    "TargetNotEmpty",
    "TimedOut",
    "TransferConfig",
    "TransferFailed",
    "Unavailable",
    "UnexpectedResponse",
    "UnsafeArchive",
    "VerificationResult",
    "__version__",
    "download_all",
    "dry_run",
    "list_targets",
    "verify",
    "verify_dataset",
]


def __getattr__(name: str) -> Any:
    """Import `AsyncDataOpsClient` on first use: the command `dataops` does not need asyncio."""
    if name != "AsyncDataOpsClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dataops_client.async_client import AsyncDataOpsClient  # noqa: PLC0415

    return AsyncDataOpsClient


def __dir__() -> list[str]:
    return __all__
