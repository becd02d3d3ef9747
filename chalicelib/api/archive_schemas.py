"""Requests and responses of the endpoints of archives and manifests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from chalicelib.domain import archive_record, builds, manifest
from chalicelib.domain.artifacts import Role
from chalicelib.domain.runs import SUB_RUN_PATTERN, RunKey, SubRunKey
from chalicelib.domain.selection import MAX_GLOB_LENGTH, MAX_INCLUDES, Profile

from .schemas import IdRun, Nc, Sha256, SizeBytes, SubRun, Timestamp

_SUB_RUN = SUB_RUN_PATTERN.strip("^$")

Glob = Annotated[
    str,
    Meta(
        pattern=f"^[ -.0-~]{{1,{MAX_GLOB_LENGTH}}}$",
        description="A glob without '/'",
        examples=["*.vec"],
    ),
]
SubRunList = Annotated[
    str,
    Meta(
        pattern=f"^{_SUB_RUN}(?:,{_SUB_RUN})*$",
        description="Numbers of sub-runs",
        examples=["0,3,7"],
        max_length=100,
    ),
]
Missing = Annotated[
    list[str],
    Meta(description="Files that every sub-run is expected to have, and that are missing"),
]


class SelectionQuery(Struct):
    """The files to select: a profile, and globs over their names."""

    profile: Annotated[
        Profile, Meta(description="`essential`: the six files that training requires")
    ] = Profile.FULL
    include: Annotated[
        list[Glob],
        Meta(
            max_length=MAX_INCLUDES,
            description="Globs over file names; a file must match at least one",
        ),
    ] = field(default_factory=list)


class DownloadQuery(SelectionQuery):
    """The files to select, whether to redirect to the archive, and the time to wait for a build."""

    redirect: bool = False
    wait: Annotated[
        int, Meta(ge=0, le=20, description="Seconds to wait while the archive is being built")
    ] = 0
    verify: Annotated[
        bool,
        Meta(
            description=(
                "Read a stored archive again, and rebuild it if its SHA-256 is wrong: for "
                "callers that received other bytes"
            )
        ),
    ] = False


class RunManifestQuery(SelectionQuery):
    """The files to select, and the sub-runs (`0,3,7`).

    The default is all sub-runs that are scheduled and have files.
    """

    sub_runs: SubRunList | None = None


class RunDownloadQuery(DownloadQuery):
    """As for a sub-run, and the sub-runs (`0,3,7`).

    The default is all sub-runs that are scheduled and have files.
    """

    sub_runs: SubRunList | None = None


class DownloadHeaders(Struct):
    """`Accept: application/zip` requests a redirect as well."""

    accept: str = ""


class File(Struct):
    """A file of an archive, after extraction."""

    name: str
    size_bytes: SizeBytes
    sha256: Sha256
    role: Role


class SkippedFile(Struct):
    """A stored file that the archive does not contain.

    Not every platform can extract its name. `.../files/{name}` links to it.
    """

    name: str
    reason: Annotated[
        str,
        Meta(
            description="The reason why the file is skipped",
            examples=["the name is that of a device on Windows"],
        ),
    ]


class ArchiveLink(Struct):
    """A link to an archive.

    Verify `size_bytes` and `sha256`. Request a new URL after `expires_at`.
    """

    nc: Nc
    id_run: IdRun
    sub_run: SubRun | None
    archive_key: str
    download_url: str
    expires_at: Timestamp
    size_bytes: SizeBytes
    sha256: Sha256
    filename: str
    profile: Profile
    files: list[File]
    missing: Missing
    skipped: list[SkippedFile]
    cached: bool

    @classmethod
    def of(cls, result: archive_record.ArchiveLink) -> ArchiveLink:
        record, files = result.record, result.record.files
        return cls(
            **_format_key(result.manifest.key),
            archive_key=result.manifest.archive_key,
            download_url=result.link.url,
            expires_at=result.link.expires_at.isoformat(timespec="seconds"),
            size_bytes=record.size_bytes,
            sha256=record.sha256,
            filename=result.manifest.filename,
            profile=result.manifest.selection.profile,
            files=[File(file.name, file.size_bytes, file.sha256, file.role) for file in files],
            missing=list(result.manifest.missing),
            skipped=_format_skipped(result.manifest),
            cached=result.cached,
        )


class BuildProgress(Struct):
    """The archive is being built: repeat the request after `Retry-After` seconds."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun | None
    archive_key: str
    filename: str
    status: Literal["BUILDING"]
    retry_after_seconds: int
    bytes_done: Annotated[
        int, Meta(ge=0, description="Size of the files that are packed, updated every 2 s")
    ]
    bytes_total: Annotated[int, Meta(ge=0, description="Size of all files")]

    @classmethod
    def of(cls, build: builds.BuildInProgress) -> BuildProgress:
        return cls(
            **_format_key(build.manifest.key),
            archive_key=build.manifest.archive_key,
            filename=build.manifest.filename,
            status="BUILDING",
            retry_after_seconds=build.retry_after_seconds,
            bytes_done=build.bytes_done,
            bytes_total=build.manifest.size_bytes,
        )


class ManifestFile(Struct):
    """A file that the archive would contain."""

    name: str
    size_bytes: SizeBytes
    role: Role
    etag: str


class Manifest(Struct):
    """The content of an archive before it is built. `size_bytes` is the sum of its files."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun | None
    archive_key: str
    filename: str
    profile: Profile
    size_bytes: SizeBytes
    files: list[ManifestFile]
    missing: Missing
    skipped: list[SkippedFile]

    @classmethod
    def of(cls, source: manifest.Manifest) -> Manifest:
        return cls(
            **_format_key(source.key),
            archive_key=source.archive_key,
            filename=source.filename,
            profile=source.selection.profile,
            size_bytes=source.size_bytes,
            files=[
                ManifestFile(
                    member.name,
                    member.artifact.size_bytes,
                    member.artifact.role,
                    member.artifact.etag,
                )
                for member in source.members
            ],
            missing=list(source.missing),
            skipped=_format_skipped(source),
        )


def _format_skipped(source: manifest.Manifest) -> list[SkippedFile]:
    # JSON cannot contain surrogates. S3 does not allow them in names either, but other stores may.
    return [
        SkippedFile(file.name.encode(errors="replace").decode(), file.reason)
        for file in source.skipped
    ]


def _format_key(key: RunKey | SubRunKey) -> dict[str, Any]:
    sub_run = key.sub_run_or_none
    return {
        "nc": str(key.run.nc),
        "id_run": str(key.run.id_run),
        "sub_run": None if sub_run is None else str(sub_run),
    }
