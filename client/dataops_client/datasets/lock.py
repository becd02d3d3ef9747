"""File `dataops.lock` of a pulled dataset. It is written last, so that its folder is complete."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from dataops_client.datasets.reference import parse_reference
from dataops_client.errors import InvalidArchive, InvalidRequest, UnexpectedResponse
from dataops_client.models.datasets import Advisory, DatasetVersion
from dataops_client.models.fields import decode

LOCK_NAME = "dataops.lock"
SELECTION_NAME = "selection.json"


@dataclass(frozen=True, slots=True)
class DatasetLock:
    """What a folder contains, and where it was pulled from.

    Attributes:
        name: Name of the dataset.
        version: Number of the version.
        content_id: SHA-256 of the manifest.
        api: URL of the API.
        pulled_at: Time of the pull.
        advisories: Advisories that were known then, or at the last online verification.
    """

    name: str
    version: str
    content_id: str
    api: str
    pulled_at: datetime
    advisories: tuple[Advisory, ...]

    @classmethod
    def of(cls, version: DatasetVersion, api: str) -> Self:
        """Return the lock of a version that is pulled now."""
        now = datetime.now(UTC).replace(microsecond=0)
        return cls(version.name, version.version, version.content_id, api, now, version.advisories)

    @property
    def reference(self) -> str:
        """Name and number, such as `cuzr@1.2.0`."""
        return f"{self.name}@{self.version}"

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False, default=datetime.isoformat)
        write_atomically(folder / LOCK_NAME, f"{text}\n".encode())

    def with_advisories(self, advisories: tuple[Advisory, ...]) -> Self:
        return replace(self, advisories=advisories)


def read_lock(folder: Path) -> DatasetLock | None:
    """Return the lock of a folder, or None if the folder has none.

    Raises:
        InvalidArchive: The file is not a lock.
    """
    path = folder / LOCK_NAME
    try:
        lock = decode(DatasetLock, json.loads(path.read_bytes()))
        parse_reference(lock.reference, exact=True)
        return lock
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError, UnexpectedResponse, InvalidRequest):
        raise InvalidArchive(
            f"{str(path)!r} cannot be read; delete it and repeat `dataops dataset pull`"
        ) from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that appears complete, or not at all."""
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
