"""Responses of the endpoints of frozen datasets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.domain import datasets
from chalicelib.domain.datasets import (
    CONTENT_ID_PATTERN,
    NAME_PATTERN,
    VERSION_PATTERN,
    AdvisoryKind,
)
from chalicelib.domain.selection import Profile

from .schemas import IdRun, Nc, Sha256, SizeBytes, SubRun, Timestamp

DatasetName = Annotated[
    str,
    Meta(pattern=NAME_PATTERN, description="The name of a dataset", examples=["cuzr-glasses"]),
]
Version = Annotated[
    str,
    Meta(
        pattern=VERSION_PATTERN,
        description="The number of a version, or `latest`",
        examples=["1.0.0"],
    ),
]
ContentId = Annotated[
    str,
    Meta(
        pattern=CONTENT_ID_PATTERN,
        description="SHA-256 of the payload manifest",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
SubRunPath = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9]{1,40}/[0-9]{1,9}/[0-9]{1,2}$",
        description="`<nc>/<id_run>/<sub_run>`",
        examples=["Zr49Cu49Al2/21/13"],
    ),
]
_Count = Annotated[int, Meta(ge=0)]


class DatasetProgress(Struct):
    """A freeze in progress: repeat the request after `retry_after_seconds`.

    `runs_total` is null until the files are selected.
    """

    name: DatasetName
    status: str
    runs_done: _Count
    runs_total: _Count | None
    retry_after_seconds: Annotated[int, Meta(ge=1)]


class Advisory(Struct):
    """A warning about a version, or about some of its sub-runs. The data stay available."""

    kind: AdvisoryKind
    reason: str
    sub_runs: list[str]
    superseded_by: str | None
    created_at: Timestamp


class DatasetVersion(Struct):
    """An immutable version of a dataset.

    `content_id` is the SHA-256 of its payload manifest. `withdrawn` is true if an advisory
    withdraws the whole version.
    """

    name: DatasetName
    version: Version
    title: str
    description: str | None
    license: str | None
    creators: list[str]
    citation: Annotated[str | None, Meta(description="The publication of the data")]
    synthetic: bool | None
    doi: str | None
    content_id: ContentId
    created_at: Timestamp
    profile: Profile
    compositions: list[Nc]
    runs: _Count
    sub_runs: _Count
    files: _Count
    size_bytes: SizeBytes
    archive_bytes: SizeBytes
    soap_descriptor: str | None
    advisories: list[Advisory]
    withdrawn: bool

    @classmethod
    def of(cls, source: datasets.DatasetVersion) -> DatasetVersion:
        about = source.description
        return cls(
            name=source.name,
            version=str(source.number),
            title=about.title,
            description=about.description,
            license=about.license,
            creators=list(about.creators),
            citation=about.citation,
            synthetic=about.synthetic,
            doi=source.doi,
            content_id=source.content_id,
            created_at=source.created_at.isoformat(),
            profile=source.profile,
            compositions=list(source.compositions),
            runs=source.runs,
            sub_runs=source.sub_runs,
            files=source.files,
            size_bytes=source.size_bytes,
            archive_bytes=source.archive_bytes,
            soap_descriptor=about.soap_descriptor,
            advisories=[
                Advisory(
                    each.kind,
                    each.reason,
                    list(each.sub_runs),
                    each.superseded_by,
                    each.created_at.isoformat(),
                )
                for each in source.advisories
            ],
            withdrawn=source.is_withdrawn,
        )


class DeletedVersion(Struct):
    """The tombstone of a deleted version."""

    name: DatasetName
    version: Version
    title: str
    content_id: ContentId
    deleted_at: Timestamp
    reason: str

    @classmethod
    def list_of(cls, sources: Iterable[datasets.DatasetVersion]) -> list[DeletedVersion]:
        """Return the tombstones of the deleted ones of these versions."""
        return [
            cls(
                each.name,
                str(each.number),
                each.description.title,
                each.content_id,
                each.deletion.deleted_at.isoformat(),
                each.deletion.reason,
            )
            for each in sources
            if each.deletion
        ]


def list_live(sources: Iterable[datasets.DatasetVersion]) -> list[DatasetVersion]:
    """Return the versions that are not deleted."""
    return [DatasetVersion.of(each) for each in sources if not each.deletion]


class DatasetSummary(Struct):
    """A dataset: its number of versions, without deleted ones, and the latest of them."""

    name: DatasetName
    versions: _Count
    latest: DatasetVersion


class DatasetList(Struct):
    """A page of datasets by name; `next_cursor` is null after the last page."""

    datasets: list[DatasetSummary]
    next_cursor: str | None


class DatasetVersions(Struct):
    """The versions of a dataset, oldest first."""

    name: DatasetName
    versions: list[DatasetVersion]
    deleted: list[DeletedVersion]


class ContentVersions(Struct):
    """The versions that have this content."""

    content_id: ContentId
    versions: list[DatasetVersion]
    deleted: list[DeletedVersion]


class DatasetArchive(Struct):
    """A ZIP with the files of a run, one folder for each sub-run.

    Its `ro-crate-metadata.json` does not belong to the payload of the dataset.
    """

    nc: Nc
    id_run: IdRun
    sub_runs: list[SubRun]
    download_url: str
    expires_at: Timestamp
    size_bytes: SizeBytes
    sha256: Sha256
    filename: str


class DatasetArchives(Struct):
    """Links to a page of the archives of a version; `next_cursor` is null after the last page."""

    name: DatasetName
    version: Version
    content_id: ContentId
    advisories: list[Advisory]
    archives: list[DatasetArchive]
    next_cursor: str | None
