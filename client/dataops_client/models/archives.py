"""Archives: links, manifests and their files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from dataops_client.errors import UnexpectedResponse
from dataops_client.models.fields import (
    get_field,
    get_nullable_field,
    get_size_bytes,
    get_strings,
    get_time,
)


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """File of an archive, described after extraction. `sha256` is in hex."""

    name: str
    size_bytes: int
    sha256: str
    role: str

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return cls(
            get_field(body, "name", str),
            get_size_bytes(body),
            get_field(body, "sha256", str).lower(),
            get_field(body, "role", str),
        )


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """File that the API left out of an archive, and the reason.

    Its name cannot be extracted on every platform. `name` is `<sub_run>/<file>` in a whole run.
    """

    name: str
    reason: str

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return cls(get_field(body, "name", str), get_field(body, "reason", str))

    @classmethod
    def list_from_json(cls, body: Any) -> tuple[Self, ...]:
        """Return the `skipped` files of a response, or none if the API does not report them."""
        return tuple(map(cls.from_json, get_nullable_field(body, "skipped", list) or ()))


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
        """Build the link from a response sent at `responded_at` by the clock of the API.

        The local clock is not used, because it may be wrong.
        """
        expires_at = get_time(body, "expires_at")
        filename = get_field(body, "filename", str)
        if not filename or {"/", "\\", "\0"} & set(filename) or filename.startswith("."):
            raise UnexpectedResponse(
                f"'filename' of the archive link is not a plain file name: {filename!r}"
            )
        return cls(
            nc=get_field(body, "nc", str),
            id_run=get_field(body, "id_run", str),
            sub_run=get_nullable_field(body, "sub_run", str),
            archive_key=get_field(body, "archive_key", str),
            download_url=get_field(body, "download_url", str),
            expires_at=expires_at,
            lifetime_seconds=(expires_at - responded_at).total_seconds(),
            size_bytes=get_size_bytes(body),
            sha256=get_field(body, "sha256", str).lower(),
            filename=filename,
            profile=get_field(body, "profile", str),
            files=tuple(ArchiveFile.from_json(file) for file in get_field(body, "files", list)),
            missing=get_strings(body, "missing"),
            cached=get_field(body, "cached", bool),
            skipped=SkippedFile.list_from_json(body),
        )


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """File that an archive would contain."""

    name: str
    size_bytes: int
    role: str
    etag: str

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return cls(
            get_field(body, "name", str),
            get_size_bytes(body),
            get_field(body, "role", str),
            get_field(body, "etag", str),
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """Content of an archive before it is built. `size_bytes` is the unpacked size of its files."""

    nc: str
    id_run: str
    sub_run: str | None
    files: tuple[ManifestFile, ...]
    missing: tuple[str, ...]
    skipped: tuple[SkippedFile, ...] = ()

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return cls(
            nc=get_field(body, "nc", str),
            id_run=get_field(body, "id_run", str),
            sub_run=get_nullable_field(body, "sub_run", str),
            files=tuple(ManifestFile.from_json(file) for file in get_field(body, "files", list)),
            missing=get_strings(body, "missing") if "missing" in body else (),
            skipped=SkippedFile.list_from_json(body),
        )

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)
