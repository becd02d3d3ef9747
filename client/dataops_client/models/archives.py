"""Archives: links, manifests and their files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from dataops_client.models.fields import decode, describe_error


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """File of an archive, described after extraction. `sha256` is in hex."""

    name: str
    size_bytes: int
    sha256: str
    role: str


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """File that the API left out of an archive, and the reason.

    Its name cannot be extracted on every platform. `name` is `<sub_run>/<file>` in a whole run.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """Presigned URL of an archive, and the content to expect.

    `lifetime_seconds` is the validity of the URL by the clock of the API. `sub_run` is None for a
    whole run. `missing` are expected files that the source does not have.
    """

    nc: str
    id_run: str
    sub_run: str | None
    archive_key: str
    download_url: str
    expires_at: datetime
    lifetime_seconds: float
    size_bytes: int
    sha256: str
    filename: str
    profile: str
    files: tuple[ArchiveFile, ...]
    missing: tuple[str, ...]
    cached: bool
    skipped: tuple[SkippedFile, ...] = ()

    @classmethod
    def from_json(cls, body: Any, responded_at: datetime) -> Self:
        """Decode a link that the API sent at `responded_at`, by its own clock.

        The local clock is not used, because it may be wrong.
        """
        link = decode(cls, body, lifetime_seconds=0.0)
        name = link.filename
        if not name or {"/", "\\", "\0"} & set(name) or name.startswith("."):
            raise describe_error("'filename' is not a plain file name", name)
        lifetime = link.expires_at - responded_at
        return replace(link, lifetime_seconds=lifetime.total_seconds())


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """File that an archive would contain."""

    name: str
    size_bytes: int
    role: str
    etag: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Content of an archive before it is built. `size_bytes` is the unpacked size of its files."""

    nc: str
    id_run: str
    sub_run: str | None
    files: tuple[ManifestFile, ...]
    missing: tuple[str, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)
