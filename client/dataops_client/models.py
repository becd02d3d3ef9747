"""What the API answers, as values. Fields that are not known here are passed over: the contract may gain some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from .errors import UnexpectedAnswer

METADATA_NAME = "ro-crate-metadata.json"
"""The member of an archive that describes the others (RO-Crate 1.2)."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The answer to `generate` and `augment`."""

    nc: str
    id_run: str
    status: str

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        return cls(_get(body, "nc", str), _get(body, "id_run", str), _get(body, "status", str))


@dataclass(frozen=True, slots=True)
class Run:
    """A scheduled run; `sub_runs` in numeric order, `sub_runs_scheduled_at` None until it is augmented."""

    id_run: str
    sub_runs: tuple[str, ...]
    run_scheduled_at: datetime
    sub_runs_scheduled_at: datetime | None

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        return cls(
            id_run=_get(body, "id_run", str),
            sub_runs=tuple(sorted(_texts(body, "sub_runs"), key=int)),
            run_scheduled_at=_time(body, "run_scheduled_at"),
            sub_runs_scheduled_at=_time(body, "sub_runs_scheduled_at") if body.get("sub_runs_scheduled_at") else None,
        )


@dataclass(frozen=True, slots=True)
class RunStatus(Run):
    """A run and how its jobs stand. `sub_runs_status` is None until it is augmented.

    `sub_run_outcomes` says for each sub-run what its files show; empty where the API does not tell.
    """

    run_status: str
    sub_runs_status: str | None
    sub_run_outcomes: Mapping[str, Any]

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        run = Run.from_wire(body)
        outcomes = body.get("sub_run_outcomes") or {}
        if not isinstance(outcomes, Mapping):
            raise UnexpectedAnswer(f"'sub_run_outcomes' of the API's answer is not an object: {outcomes!r}")
        return cls(
            run.id_run,
            run.sub_runs,
            run.run_scheduled_at,
            run.sub_runs_scheduled_at,
            run_status=_get(body, "run_status", str),
            sub_runs_status=_get(body, "sub_runs_status", str) if body.get("sub_runs_status") else None,
            sub_run_outcomes=dict(outcomes),
        )

    @property
    def done(self) -> bool:
        """Whether the jobs of the run, and of its sub-runs where it is augmented, have come to their end."""
        return self.run_status == "DONE" and self.sub_runs_status in (None, "DONE")


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file of an archive, as it is once extracted; `sha256` in hex."""

    name: str
    size_bytes: int
    sha256: str
    role: str

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        return cls(_get(body, "name", str), _get(body, "size_bytes", int), _get(body, "sha256", str), _get(body, "role", str))


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """An archive that is there, what must be in it, and a URL that gives it until `expires_at`.

    `lifetime_seconds` is how long the URL is good for, by the API's own clock. `sub_run` is None for the archive of a whole run, and
    `sha256` where large members were copied within the store: the `files` have theirs.
    """

    nc: str
    id_run: str
    sub_run: str | None
    archive_key: str
    download_url: str
    expires_at: datetime
    lifetime_seconds: float
    size_bytes: int
    sha256: str | None
    filename: str
    profile: str
    files: tuple[ArchiveFile, ...]
    missing: tuple[str, ...]
    cached: bool

    @classmethod
    def from_wire(cls, body: Any, answered_at: datetime) -> Self:
        """`answered_at` is when the API gave the answer, by its own clock: ours may go wrong (pitfall of presigned URLs)."""
        expires_at = _time(body, "expires_at")
        filename = _get(body, "filename", str)
        if not filename or {"/", "\\", "\0"} & set(filename) or filename.startswith("."):
            raise UnexpectedAnswer(f"'filename' of the archive link is not a plain file name: {filename!r}")
        return cls(
            nc=_get(body, "nc", str),
            id_run=_get(body, "id_run", str),
            sub_run=_get(body, "sub_run", str) if body.get("sub_run") is not None else None,
            archive_key=_get(body, "archive_key", str),
            download_url=_get(body, "download_url", str),
            expires_at=expires_at,
            lifetime_seconds=(expires_at - answered_at).total_seconds(),
            size_bytes=_get(body, "size_bytes", int),
            sha256=_get(body, "sha256", str).lower() if body.get("sha256") is not None else None,
            filename=filename,
            profile=_get(body, "profile", str),
            files=tuple(ArchiveFile.from_wire(file) for file in _get(body, "files", list)),
            missing=_texts(body, "missing"),
            cached=_get(body, "cached", bool),
        )


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file that an archive would hold."""

    name: str
    size_bytes: int
    role: str
    etag: str

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        return cls(_get(body, "name", str), _get(body, "size_bytes", int), _get(body, "role", str), _get(body, "etag", str))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive would hold; nothing is built. `size_bytes` is the sum of its files, unpacked."""

    nc: str
    id_run: str
    sub_run: str | None
    files: tuple[ManifestFile, ...]
    missing: tuple[str, ...]

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        files = tuple(ManifestFile.from_wire(file) for file in _get(body, "files", list))
        missing = _texts(body, "missing") if "missing" in body else ()
        sub_run = _get(body, "sub_run", str) if body.get("sub_run") is not None else None
        return cls(_get(body, "nc", str), _get(body, "id_run", str), sub_run, files, missing)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def compositions_of(body: Any) -> list[str]:
    return list(_texts(body, "compositions"))


def _get(body: Any, field: str, kind: type[_T]) -> _T:
    if not isinstance(body, Mapping):
        raise UnexpectedAnswer(f"the API's answer is not a JSON object with {field!r}: {str(body)[:200]!r}")
    value = body.get(field)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnexpectedAnswer(f"{field!r} of the API's answer is not a {kind.__name__}: {value!r}")
    return value


def _texts(body: Any, field: str) -> tuple[str, ...]:
    values: Sequence[Any] = _get(body, field, list)
    if not all(isinstance(value, str) for value in values):
        raise UnexpectedAnswer(f"{field!r} of the API's answer is not a list of strings: {values!r}")
    return tuple(values)


def _time(body: Any, field: str) -> datetime:
    text = _get(body, field, str)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UnexpectedAnswer(f"{field!r} of the API's answer is not an ISO 8601 time: {text!r}") from None
    if time.tzinfo is None:
        raise UnexpectedAnswer(f"{field!r} of the API's answer has no UTC offset: {text!r}")
    return time
