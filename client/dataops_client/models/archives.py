"""Archives: links, manifests and their files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from dataops_client.html_tables import format_count, format_html_table, format_size
from dataops_client.models.fields import decode, describe_error
from dataops_client.ro_crate import METADATA_NAME


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


@dataclass(frozen=True, slots=True, repr=False)
class ArchiveLink:
    """Presigned URL of an archive, and the content to expect.

    `lifetime_seconds` is the validity of the URL by the clock of the API. `sub_run` is None for a
    whole run. `missing` are expected files that the source does not have. `download_url` is a
    secret, and not part of the repr.
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

    @property
    def file_count(self) -> int:
        """Number of files, without the metadata files that the API adds."""
        return sum(not is_metadata(file.name) for file in self.files)

    def __repr__(self) -> str:
        size = f"{format_count(self.file_count, 'file')}, {format_size(self.size_bytes)}"
        return f"ArchiveLink({_format_path(self)}, {size}, {self.profile})"

    def _repr_html_(self) -> str:
        rows = [(file.name, file.role, format_size(file.size_bytes)) for file in self.files]
        return format_html_table(repr(self), ("file", "role", "size"), rows)


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """Archive that the API is building. Sizes are None if the API does not report them."""

    bytes_done: int | None = None
    bytes_total: int | None = None

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Decode the body of a 202. Sizes of other types become None: they are only shown."""
        found = body if isinstance(body, dict) else {}
        sizes = (found.get(name) for name in ("bytes_done", "bytes_total"))
        return cls(*(size if type(size) is int and size >= 0 else None for size in sizes))

    def __str__(self) -> str:
        if not self.bytes_total:
            return "building"
        done, total = format_size(self.bytes_done or 0), format_size(self.bytes_total)
        return f"building {done.removesuffix(' ' + total.split()[1])} of {total}"


def is_metadata(name: str) -> bool:
    """Return True if a member of an archive is an RO-Crate metadata file."""
    return name.rpartition("/")[2] == METADATA_NAME


def _format_path(content: ArchiveLink | Manifest) -> str:
    parts = (content.nc, content.id_run, content.sub_run)
    return "/".join(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """File that an archive would contain."""

    name: str
    size_bytes: int
    role: str
    etag: str


@dataclass(frozen=True, slots=True, repr=False)
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

    def __repr__(self) -> str:
        size = f"{format_count(len(self.files), 'file')}, {format_size(self.size_bytes)}"
        return f"Manifest({_format_path(self)}, {size})"

    def _repr_html_(self) -> str:
        rows = [(file.name, file.role, format_size(file.size_bytes)) for file in self.files]
        return format_html_table(repr(self), ("file", "role", "size"), rows)
