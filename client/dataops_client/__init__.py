"""Client of the DataOps API: schedules runs, and downloads their files, verified.

    from dataops_client import DataOpsClient
    with DataOpsClient("http://localhost:8000") as client:
        run = client.generate("Zr49Cu49Al2")
        download = client.download("Zr49Cu49Al2", run.id_run, "0", "data")
"""

from .client import DataOpsClient, Download
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
from .models import ArchiveFile, ArchiveLink, Manifest, ManifestFile, Run, RunStatus, Scheduled

__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "ArchiveFile",
    "ArchiveLink",
    "ArchiveRefused",
    "ChecksumMismatch",
    "Conflict",
    "DataOpsClient",
    "DataOpsError",
    "Download",
    "FolderOccupied",
    "InvalidRequest",
    "Manifest",
    "ManifestFile",
    "NotFound",
    "NothingAvailable",
    "Run",
    "RunStatus",
    "Scheduled",
    "Stopped",
    "TimedOut",
    "TransferFailed",
    "Unavailable",
    "UnexpectedAnswer",
    "UnsafeArchive",
]
