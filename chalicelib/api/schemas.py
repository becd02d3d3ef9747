"""What goes over the wire: the field names of the contract. Here, and only here, domain objects get their wire names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.domain import archive
from chalicelib.domain.artifacts import Role
from chalicelib.domain.composition import FORMULA_PATTERN
from chalicelib.domain.outcomes import Facts, Outcome
from chalicelib.domain.runs import (
    AUGMENTED_SUB_RUN_PATTERN,
    ID_RUN_PATTERN,
    SUB_RUN_PATTERN,
    JobStatus,
    Run,
    RunKey,
    SubRunKey,
)
from chalicelib.usecases.run_queries import Standing
from chalicelib.usecases.scheduling import MAX_COUNT

Nc = Annotated[
    str,
    Meta(
        pattern=FORMULA_PATTERN,
        description="Nominal composition of the cell",
        examples=["Zr49Cu49Al2"],
    ),
]
IdRun = Annotated[
    str, Meta(pattern=ID_RUN_PATTERN, description="Number of the run", examples=["21"])
]
SubRun = Annotated[
    str,
    Meta(
        pattern=SUB_RUN_PATTERN,
        description="Sub-run: 0 the reference cell, 1-14 deformed",
        examples=["8"],
    ),
]
AugmentedSubRun = Annotated[
    str,
    Meta(pattern=AUGMENTED_SUB_RUN_PATTERN, description="A deformed sub-run, 1-14", examples=["8"]),
]
FileName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1024,
        description="Name of a file, as in the manifest",
        examples=["lobsterin"],
    ),
]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 in hex")]
# Text, because msgspec spells UTC "Z" and the prototype's programs, on Python 3.10, only read "+00:00".
Timestamp = Annotated[
    str,
    Meta(
        description="ISO 8601 with UTC offset",
        examples=["2026-11-23T07:08:09.123456+00:00"],
        extra_json_schema={"format": "date-time"},
    ),
]
SizeBytes = Annotated[int, Meta(ge=0, description="Size in bytes")]


class Scheduled(Struct):
    """What was scheduled."""

    nc: Nc
    id_run: IdRun
    status: JobStatus

    @classmethod
    def of(cls, key: RunKey) -> Scheduled:
        return cls(str(key.nc), str(key.id_run), JobStatus.SCHEDULED)


class ScheduledRuns(Scheduled):
    """What was scheduled: the first run, and where a `count` was given all of them in `runs`, lowest number first."""

    runs: list[Scheduled] | UnsetType = UNSET

    @classmethod
    def of_keys(cls, keys: Sequence[RunKey], *, listed: bool) -> ScheduledRuns:
        first = Scheduled.of(keys[0])
        return cls(
            first.nc,
            first.id_run,
            first.status,
            [Scheduled.of(key) for key in keys] if listed else UNSET,
        )


class ScheduledRun(Struct, kw_only=True):
    """A run as the run table knows it: sub-runs in numeric order, times in ISO 8601 with UTC offset."""

    id_run: IdRun
    sub_runs: list[SubRun]
    run_scheduled_at: Timestamp
    sub_runs_scheduled_at: Timestamp | UnsetType = UNSET

    @classmethod
    def of(cls, run: Run) -> ScheduledRun:
        return cls(**_fields(run))


class SubRunOutcome(Struct):
    """What the files of a sub-run show. `scf_converged` is null without `<nc>.scf.out`, `bond_labels` without a line of labels.

    `labels_complete` tells whether there is a label for every bond expected; it does not decide the `outcome`.
    """

    outcome: Annotated[
        Outcome, Meta(description="The first case of the published rules that applies")
    ]
    scf_converged: Annotated[
        bool | None, Meta(description="Quantum ESPRESSO says that convergence was achieved")
    ]
    scf_iterations: Annotated[
        int | None,
        Meta(description="Iterations to convergence, or begun without it", examples=[61]),
    ]
    total_energy_ry: Annotated[
        float | None,
        Meta(description="Total energy in Ry, of a converged cell", examples=[-38989.8030177]),
    ]
    lobster_finished: Annotated[bool, Meta(description="LOBSTER says that it finished")]
    bonds_expected: Annotated[
        int | None, Meta(description="Interactions that LOBSTER found", examples=[738])
    ]
    bond_labels: Annotated[
        int | None, Meta(description="Lines of ICOHPLIST.lobster minus its header", examples=[738])
    ]
    labels_complete: bool

    @classmethod
    def of(cls, facts: Facts) -> SubRunOutcome:
        return cls(
            facts.outcome,
            facts.scf_converged,
            facts.scf_iterations,
            facts.total_energy_ry,
            facts.lobster_finished,
            facts.bonds_expected,
            facts.bond_labels,
            facts.labels_complete,
        )


class RunStatus(ScheduledRun, kw_only=True):
    """A run, how its jobs stand, and what the files of its sub-runs show.

    `sub_runs_status` and `sub_runs_scheduled_at` come with the augmentation. A sub-run is not in `sub_run_outcomes` while its files
    change.
    """

    run_status: JobStatus
    sub_runs_status: JobStatus | UnsetType = UNSET
    sub_run_outcomes: dict[SubRun, SubRunOutcome]

    @classmethod
    def of_standing(cls, standing: Standing) -> RunStatus:
        status = standing.sub_runs_status
        return cls(
            **_fields(standing.run),
            run_status=standing.run_status,
            sub_runs_status=UNSET if status is None else status,
            sub_run_outcomes={
                str(sub_run): SubRunOutcome.of(facts)
                for sub_run, facts in sorted(standing.facts.items())
            },
        )


def _fields(run: Run) -> dict[str, Any]:
    scheduled_at = run.sub_runs_scheduled_at
    return {
        "id_run": str(run.key.id_run),
        "sub_runs": [str(sub_run) for sub_run in sorted(run.sub_runs)],
        "run_scheduled_at": run.run_scheduled_at.isoformat(),
        "sub_runs_scheduled_at": UNSET if scheduled_at is None else scheduled_at.isoformat(),
    }


class ScheduleBody(Struct, forbid_unknown_fields=True):
    """How many runs to schedule; one where the body is left out."""

    count: (
        Annotated[
            int,
            Meta(
                ge=1, le=MAX_COUNT, description="How many runs; all of them or none", examples=[1]
            ),
        ]
        | UnsetType
    ) = UNSET


class AugmentBody(Struct, forbid_unknown_fields=True):
    """Which sub-runs to add; all of 1-14 where the body is left out."""

    sub_runs: (
        Annotated[list[AugmentedSubRun], Meta(min_length=1, examples=[["1", "2"]])] | UnsetType
    ) = UNSET


class File(Struct):
    """A file of an archive, as it is once extracted."""

    name: str
    size_bytes: SizeBytes
    sha256: Sha256
    role: Role


class SkippedFile(Struct):
    """A stored file that is not in the archive: its name is not one that every platform can extract. `.../files/{name}` links to it."""

    name: str
    reason: Annotated[
        str,
        Meta(
            description="Why it is left out", examples=["the name is that of a device on Windows"]
        ),
    ]


Missing = Annotated[
    list[str],
    Meta(description="Files that every sub-run is expected to have, and that are not stored"),
]


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
    missing: Missing
    skipped: list[SkippedFile]
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
            files=[
                File(file.name, file.size_bytes, file.sha256, file.role) for file in record.files
            ],
            missing=list(manifest.missing),
            skipped=_skipped(manifest),
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
    missing: Missing
    skipped: list[SkippedFile]

    @classmethod
    def of(cls, manifest: archive.Manifest) -> Manifest:
        files = [(member.name, member.artifact) for member in manifest.members]
        return cls(
            **_identity(manifest.key),
            archive_key=manifest.archive_key,
            filename=manifest.filename,
            profile=manifest.selection.profile,
            size_bytes=manifest.size_bytes,
            files=[
                ManifestFile(name, stored.size_bytes, stored.role, stored.etag)
                for name, stored in files
            ],
            missing=list(manifest.missing),
            skipped=_skipped(manifest),
        )


def _skipped(manifest: archive.Manifest) -> list[SkippedFile]:
    # JSON has no surrogates, which names of S3 cannot have either, but other stores are not S3.
    return [
        SkippedFile(file.name.encode(errors="replace").decode(), file.reason)
        for file in manifest.skipped
    ]


def _identity(key: RunKey | SubRunKey) -> dict[str, Any]:
    run = key if isinstance(key, RunKey) else key.run
    sub_run = None if isinstance(key, RunKey) else str(key.sub_run)
    return {"nc": str(run.nc), "id_run": str(run.id_run), "sub_run": sub_run}


class Health(Struct):
    """The service is up, and the run table and the data bucket answer."""

    status: str = "ok"
