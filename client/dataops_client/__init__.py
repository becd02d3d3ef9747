"""Client of the DataOps API: schedules runs, and downloads their files, verified.

from dataops_client import DataOpsClient
with DataOpsClient("http://localhost:8000") as client:
    run = client.generate("Zr49Cu49Al2")
    download = client.download("Zr49Cu49Al2", run.id_run, "0", "data")
"""

from .aio import AsyncDataOpsClient
from .api import InsecureConnection
from .client import DataOpsClient, Download
from .downloads import Forecast, Result, Wanted, download_all, forecasts, scheduled
from .errors import (
    AccessDenied,
    ArchiveRefused,
    ChecksumMismatch,
    Conflict,
    DataOpsError,
    FolderOccupied,
    InvalidRequest,
    NotFound,
    NothingAvailable,
    Stopped,
    TimedOut,
    TransferFailed,
    Unavailable,
    UnexpectedAnswer,
    UnsafeArchive,
)
from .models import (
    ArchiveFile,
    ArchiveLink,
    Manifest,
    ManifestFile,
    Run,
    RunStatus,
    Scheduled,
    SkippedFile,
    SubRunOutcome,
)
from .verify import Checked, Difference, verify

__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "ArchiveFile",
    "ArchiveLink",
    "ArchiveRefused",
    "AsyncDataOpsClient",
    "Checked",
    "ChecksumMismatch",
    "Conflict",
    "DataOpsClient",
    "DataOpsError",
    "Difference",
    "Download",
    "FolderOccupied",
    "Forecast",
    "InsecureConnection",
    "InvalidRequest",
    "Manifest",
    "ManifestFile",
    "NotFound",
    "NothingAvailable",
    "Result",
    "Run",
    "RunStatus",
    "Scheduled",
    "SkippedFile",
    "Stopped",
    "SubRunOutcome",
    "TimedOut",
    "TransferFailed",
    "Unavailable",
    "UnexpectedAnswer",
    "UnsafeArchive",
    "Wanted",
    "download_all",
    "forecasts",
    "scheduled",
    "verify",
]
