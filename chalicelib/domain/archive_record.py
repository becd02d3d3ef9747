"""Records of built archives, and links to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .artifacts import Role
from .manifest import Manifest


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file in an archive; `sha256` (hex) and `crc32` are of its uncompressed content.

    Its DEFLATE stream begins at `data_offset` and has `compressed_bytes`. The archive of the whole
    run copies it from there.
    """

    name: str
    size_bytes: int
    sha256: str
    role: Role
    crc32: int
    compressed_bytes: int
    data_offset: int


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """The description stored next to a built archive.

    An archive exists for callers once its record does.

    The record is valid only while the stored archive has this `etag` (opaque, quotes included) and
    size.
    """

    size_bytes: int
    etag: str
    sha256: str
    files: tuple[PackedFile, ...]


@dataclass(frozen=True, slots=True)
class PresignedLink:
    """A presigned URL and its expiry (UTC)."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """An existing archive with a link to it. `cached` is True if nothing had to be built."""

    manifest: Manifest
    record: ArchiveRecord
    link: PresignedLink
    cached: bool
