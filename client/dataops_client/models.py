"""What the API answers, as values. Fields that are not known here are passed over: the contract may gain some."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from reprlib import repr as _short  # a response can have values that take megabytes to print
from typing import Any, Self, TypeVar

from dataops_client.errors import UnexpectedResponse

METADATA_NAME = "ro-crate-metadata.json"
"""The member of an archive that describes the others (RO-Crate 1.2)."""

MAX_SIZE_BYTES = 50 * 2**40
"""The largest object of S3; a larger size in a response is an error of whoever sent it."""

_MAX_RYDBERG = 1e12

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
            sub_runs=tuple(sorted(_sub_runs(body), key=int)),
            run_scheduled_at=_time(body, "run_scheduled_at"),
            sub_runs_scheduled_at=_time(body, "sub_runs_scheduled_at")
            if body.get("sub_runs_scheduled_at")
            else None,
        )


@dataclass(frozen=True, slots=True)
class SubRunOutcome:
    """What the files of a sub-run show.

    `outcome` is a name of `dataops_client.ml.Outcome`, or one that this client does not know yet. None stands for what the files do
    not show: `scf_converged` and `scf_iterations` without an SCF output, `total_energy_ry` (Ry) unless the SCF converged,
    `bond_labels` without bond strengths.
    """

    outcome: str
    scf_converged: bool | None = None
    scf_iterations: int | None = None
    total_energy_ry: float | None = None
    lobster_finished: bool | None = None
    bonds_expected: int | None = None
    bond_labels: int | None = None
    labels_complete: bool | None = None

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        outcome = _get(body, "outcome", str)
        energy = _optional(body, "total_energy_ry", float) or _optional(
            body, "total_energy_ry", int
        )
        return cls(
            outcome=outcome,
            scf_converged=_optional(body, "scf_converged", bool),
            scf_iterations=_optional(body, "scf_iterations", int),
            total_energy_ry=float(energy)
            if energy is not None and abs(energy) < _MAX_RYDBERG
            else None,
            lobster_finished=_optional(body, "lobster_finished", bool),
            bonds_expected=_optional(body, "bonds_expected", int),
            bond_labels=_optional(body, "bond_labels", int),
            labels_complete=_optional(body, "labels_complete", bool),
        )


@dataclass(frozen=True, slots=True)
class RunStatus(Run):
    """A run and the state of its jobs by the executor. `sub_runs_status` is None until it is augmented.

    `sub_run_outcomes` maps sub-runs to what their files show, in numeric order; a sub-run that the API says nothing about is not in it.
    """

    run_status: str
    sub_runs_status: str | None
    sub_run_outcomes: Mapping[str, SubRunOutcome]

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        run = Run.from_wire(body)
        outcomes = (
            _get(body, "sub_run_outcomes", Mapping)  # type: ignore[type-abstract]
            if body.get("sub_run_outcomes") is not None
            else {}
        )
        return cls(
            run.id_run,
            run.sub_runs,
            run.run_scheduled_at,
            run.sub_runs_scheduled_at,
            run_status=_get(body, "run_status", str),
            sub_runs_status=_get(body, "sub_runs_status", str)
            if body.get("sub_runs_status")
            else None,
            sub_run_outcomes={
                sub_run: SubRunOutcome.from_wire(outcomes[sub_run])
                for sub_run in run.sub_runs
                if sub_run in outcomes
            },
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
        return cls(
            _get(body, "name", str),
            _size(body),
            _get(body, "sha256", str).lower(),
            _get(body, "role", str),
        )


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that no archive can hold on every platform, and why; `name` is `<sub_run>/<file>` in a whole run."""

    name: str
    reason: str

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        return cls(_get(body, "name", str), _get(body, "reason", str))

    @classmethod
    def list_of(cls, body: Any) -> tuple[Self, ...]:
        """Return the `skipped` files of a response; an API that does not send them skips none."""
        return (
            tuple(map(cls.from_wire, _get(body, "skipped", list)))
            if body.get("skipped") is not None
            else ()
        )


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """An archive that is there, what must be in it, and a URL that gives it until `expires_at`.

    `lifetime_seconds` is how long the URL is good for, by the API's own clock. `sub_run` is None for the archive of a whole run.
    `missing` are expected files that the source does not have, `skipped` files that it has and no archive can hold.
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
    def from_wire(cls, body: Any, answered_at: datetime) -> Self:
        """`answered_at` is when the API gave the answer, by its own clock: ours may go wrong (pitfall of presigned URLs)."""
        expires_at = _time(body, "expires_at")
        filename = _get(body, "filename", str)
        if not filename or {"/", "\\", "\0"} & set(filename) or filename.startswith("."):
            raise UnexpectedResponse(
                f"'filename' of the archive link is not a plain file name: {filename!r}"
            )
        return cls(
            nc=_get(body, "nc", str),
            id_run=_get(body, "id_run", str),
            sub_run=_get(body, "sub_run", str) if body.get("sub_run") is not None else None,
            archive_key=_get(body, "archive_key", str),
            download_url=_get(body, "download_url", str),
            expires_at=expires_at,
            lifetime_seconds=(expires_at - answered_at).total_seconds(),
            size_bytes=_size(body),
            sha256=_get(body, "sha256", str).lower(),
            filename=filename,
            profile=_get(body, "profile", str),
            files=tuple(ArchiveFile.from_wire(file) for file in _get(body, "files", list)),
            missing=_texts(body, "missing"),
            cached=_get(body, "cached", bool),
            skipped=SkippedFile.list_of(body),
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
        return cls(
            _get(body, "name", str), _size(body), _get(body, "role", str), _get(body, "etag", str)
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive would hold; nothing is built. `size_bytes` is the sum of its files, unpacked."""

    nc: str
    id_run: str
    sub_run: str | None
    files: tuple[ManifestFile, ...]
    missing: tuple[str, ...]
    skipped: tuple[SkippedFile, ...] = ()

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        files = tuple(ManifestFile.from_wire(file) for file in _get(body, "files", list))
        missing = _texts(body, "missing") if "missing" in body else ()
        sub_run = _get(body, "sub_run", str) if body.get("sub_run") is not None else None
        return cls(
            _get(body, "nc", str),
            _get(body, "id_run", str),
            sub_run,
            files,
            missing,
            SkippedFile.list_of(body),
        )

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def parse_compositions(body: Any) -> list[str]:
    return list(_texts(body, "compositions"))


def parse_runs(body: Any) -> dict[str, list[Run]]:
    """Return the runs of a page by composition."""
    if not isinstance(body, Mapping):
        raise UnexpectedResponse(
            f"the API's response is not a JSON object of compositions: {_short(body)}"
        )
    return {nc: [Run.from_wire(run) for run in _get(body, nc, list)] for nc in body}


def _get(body: Any, field: str, kind: type[_T]) -> _T:
    if not isinstance(body, Mapping):
        raise UnexpectedResponse(
            f"the API's response is not a JSON object with {field!r}: {_short(body)}"
        )
    value = body.get(field)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnexpectedResponse(
            f"{field!r} of the API's response is not a {kind.__name__}: {_short(value)}"
        )
    return value


def _optional(body: Any, field: str, kind: type[_T]) -> _T | None:
    """Return the value of a field, or None if it is absent or of another kind: nothing depends on it."""
    try:
        return _get(body, field, kind)
    except UnexpectedResponse:
        return None


def _size(body: Any) -> int:
    size_bytes = _get(body, "size_bytes", int)
    if not 0 <= size_bytes <= MAX_SIZE_BYTES:
        raise UnexpectedResponse(
            f"'size_bytes' of the API's response is not the size of a file: {_short(size_bytes)}"
        )
    return size_bytes


def _texts(body: Any, field: str) -> tuple[str, ...]:
    values: Sequence[Any] = _get(body, field, list)
    if not all(isinstance(value, str) for value in values):
        raise UnexpectedResponse(
            f"{field!r} of the API's response is not a list of strings: {_short(values)}"
        )
    return tuple(values)


def _sub_runs(body: Any) -> tuple[str, ...]:
    values = _texts(body, "sub_runs")
    if not all(re.fullmatch("[0-9]{1,9}", value) for value in values):
        raise UnexpectedResponse(
            f"'sub_runs' of the API's response are not numbers: {_short(values)}"
        )
    return values


def _time(body: Any, field: str) -> datetime:
    text = _get(body, field, str)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UnexpectedResponse(
            f"{field!r} of the API's response is not an ISO 8601 time: {_short(text)}"
        ) from None
    if time.tzinfo is None:
        raise UnexpectedResponse(
            f"{field!r} of the API's response has no UTC offset: {_short(text)}"
        )
    return time
