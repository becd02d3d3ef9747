"""What goes over the wire: the field names of the contract. Here, and only here, domain objects get their wire names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.domain import archive
from chalicelib.domain.artifacts import Role
from chalicelib.domain.composition import FORMULA_PATTERN
from chalicelib.domain.runs import ID_RUN_PATTERN, SUB_RUN_PATTERN, JobStatus, Run, RunKey, SubRunKey
from chalicelib.usecases.catalogue import Standing

Nc = Annotated[str, Meta(pattern=FORMULA_PATTERN, description="Nominal composition of the cell", examples=["Zr49Cu49Al2"])]
IdRun = Annotated[str, Meta(pattern=ID_RUN_PATTERN, description="Number of the run", examples=["21"])]
SubRun = Annotated[str, Meta(pattern=SUB_RUN_PATTERN, description="Sub-run: 0 the reference cell, 1-14 deformed", examples=["8"])]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 in hex")]
# Text, because msgspec spells UTC "Z" and the prototype's programs, on Python 3.10, only read "+00:00".
Timestamp = Annotated[str, Meta(description="ISO 8601 with UTC offset", extra_json_schema={"format": "date-time"})]
SizeBytes = Annotated[int, Meta(ge=0, description="Size in bytes")]


class Scheduled(Struct):
    """What was scheduled."""

    nc: Nc
    id_run: IdRun
    status: JobStatus

    @classmethod
    def of(cls, run: Run) -> Scheduled:
        return cls(str(run.key.nc), str(run.key.id_run), JobStatus.SCHEDULED)


class ScheduledRun(Struct, kw_only=True):
    """A run as the run table knows it: sub-runs in numeric order, times in ISO 8601 with UTC offset."""

    id_run: IdRun
    sub_runs: list[SubRun]
    run_scheduled_at: Timestamp
    sub_runs_scheduled_at: Timestamp | UnsetType = UNSET

    @classmethod
    def of(cls, run: Run) -> ScheduledRun:
        return cls(**_fields(run))


class RunStatus(ScheduledRun, kw_only=True):
    """A run and how its jobs stand; `sub_runs_status` and `sub_runs_scheduled_at` come with the augmentation."""

    run_status: JobStatus
    sub_runs_status: JobStatus | UnsetType = UNSET

    @classmethod
    def of_standing(cls, standing: Standing) -> RunStatus:
        status = standing.sub_runs_status
        return cls(**_fields(standing.run), run_status=standing.run_status, sub_runs_status=UNSET if status is None else status)


def _fields(run: Run) -> dict[str, Any]:
    scheduled_at = run.sub_runs_scheduled_at
    return {
        "id_run": str(run.key.id_run),
        "sub_runs": [str(sub_run) for sub_run in sorted(run.sub_runs)],
        "run_scheduled_at": run.run_scheduled_at.isoformat(),
        "sub_runs_scheduled_at": UNSET if scheduled_at is None else scheduled_at.isoformat(),
    }


class AugmentBody(Struct, forbid_unknown_fields=True):
    """Which sub-runs to add; all of 1-14 where the body is left out."""

    sub_runs: list[SubRun] | UnsetType = UNSET


class File(Struct):
    """A file of an archive, as it is once extracted."""

    name: str
    size_bytes: SizeBytes
    sha256: Sha256
    role: Role


class ArchiveLink(Struct):
    """An archive and where to get it: verify `size_bytes` and `sha256`, and ask again for a new URL after `expires_at`."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun | None
    archive_key: str
    download_url: str
    expires_at: Timestamp
    size_bytes: SizeBytes
    sha256: Sha256
    filename: str
    profile: archive.Profile
    files: list[File]
    missing: list[str]
    cached: bool

    @classmethod
    def of(cls, link: archive.ArchiveLink) -> ArchiveLink:
        manifest, record = link.manifest, link.record
        return cls(
            **_identity(manifest.key),
            archive_key=manifest.archive_key,
            download_url=link.link.url,
            expires_at=link.link.expires_at.isoformat(timespec="seconds"),
            size_bytes=record.size_bytes,
            sha256=record.sha256,
            filename=manifest.filename,
            profile=manifest.selection.profile,
            files=[File(file.name, file.size_bytes, file.sha256, file.role) for file in record.files],
            missing=list(record.missing),
            cached=link.cached,
        )


class BuildProgress(Struct):
    """The archive is being built: ask the same URL again after `Retry-After` seconds."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun | None
    archive_key: str
    filename: str
    status: Literal["BUILDING"]
    retry_after_seconds: int

    @classmethod
    def of(cls, building: archive.Building) -> BuildProgress:
        manifest = building.manifest
        return cls(
            **_identity(manifest.key),
            archive_key=manifest.archive_key,
            filename=manifest.filename,
            status="BUILDING",
            retry_after_seconds=building.retry_after_seconds,
        )


class ManifestFile(Struct):
    """A file that an archive would hold."""

    name: str
    size_bytes: SizeBytes
    role: Role
    etag: str


class Manifest(Struct):
    """What an archive would hold; nothing was built. `size_bytes` is the sum of its files."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun | None
    archive_key: str
    filename: str
    profile: archive.Profile
    size_bytes: SizeBytes
    files: list[ManifestFile]
    missing: list[str]

    @classmethod
    def of(cls, manifest: archive.Manifest) -> Manifest:
        files = [(member.name, member.artifact) for member in manifest.members]
        return cls(
            **_identity(manifest.key),
            archive_key=manifest.archive_key,
            filename=manifest.filename,
            profile=manifest.selection.profile,
            size_bytes=manifest.size_bytes,
            files=[ManifestFile(name, stored.size_bytes, stored.role, stored.etag) for name, stored in files],
            missing=list(manifest.missing),
        )


def _identity(key: RunKey | SubRunKey) -> dict[str, Any]:
    run = key if isinstance(key, RunKey) else key.run
    sub_run = None if isinstance(key, RunKey) else str(key.sub_run)
    return {"nc": str(run.nc), "id_run": str(run.id_run), "sub_run": sub_run}


class Health(Struct):
    """The service is up, and the run table and the data bucket answer."""

    status: str = "ok"
