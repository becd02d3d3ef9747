"""Interfaces (ports) of frozen datasets, like those of `ports`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from chalicelib.domain.archive_record import ArchiveRecord, PresignedLink
from chalicelib.domain.datasets import Advisory, DatasetVersion, Deletion
from chalicelib.domain.freezes import BondMeans, Freeze, FreezePlan


class DatasetRepository(Protocol):
    """The versions of datasets. Reads are consistent."""

    def list_versions(
        self, name: str | None = None, *, after: str | None = None
    ) -> Iterator[DatasetVersion]:
        """Yield the versions of one or all datasets, by name, then in the order of their creation.

        With `after`, only those of datasets that follow this name.
        """

    def add(self, version: DatasetVersion) -> bool:
        """Insert a version with one write, unless one with its name and sequence exists.

        Return True if the stored version is this one.
        """

    def add_advisory(self, version: DatasetVersion, advisory: Advisory) -> bool:
        """Add an advisory with one write.

        Return False if one that differs only in its time was stored before.
        """

    def set_doi(self, version: DatasetVersion, doi: str) -> bool:
        """Record the DOI. Return False if another one is recorded, or the version is deleted."""

    def delete(self, version: DatasetVersion, deletion: Deletion) -> bool:
        """Store a tombstone unless one exists. Return False if a DOI is recorded."""


class FreezeRepository(Protocol):
    """The freezes in progress. Reads are consistent."""

    def get(self, freeze_id: str) -> Freeze | None: ...

    def add(self, freeze: Freeze) -> None:
        """Insert the freeze unless it exists."""

    def set_progress(self, freeze_id: str, runs_done: int, runs_total: int) -> None: ...

    def finish(self, freeze_id: str, version: str, *, created: bool) -> None:
        """Store the result."""

    def fail(self, freeze_id: str, code: str, message: str) -> None:
        """Store the error that ended the freeze."""

    def remove(self, freeze_id: str) -> None: ...


class DatasetStore(Protocol):
    """The archives and documents of datasets in the data bucket."""

    def get_archive_record(self, archive_key: str) -> ArchiveRecord | None:
        """Return the record of an intact archive; see `DataBucket.get_archive_record`."""

    def copy_archive(self, source_key: str, source_etag: str, target_key: str) -> str | None:
        """Copy an archive within the bucket, and return the ETag of the copy.

        None if no archive with this ETag is stored.
        """

    def read_plan(self, freeze: Freeze) -> FreezePlan | None: ...

    def write_plan(self, freeze: Freeze, plan: FreezePlan) -> None: ...

    def read_bond_means(self, archive_key: str) -> Mapping[int, BondMeans | None] | None:
        """Return the stored bond means of a frozen run by sub-run, or None."""

    def write_bond_means(self, archive_key: str, means: Mapping[int, BondMeans | None]) -> None: ...

    def read_document(self, key: str) -> bytes:
        """Return a document. Unavailable if it does not exist: documents are never deleted."""

    def read_small_document(self, key: str, max_bytes: int) -> bytes | None:
        """Return a document like `read_document`, or None if it is larger."""

    def write_document(self, key: str, content: bytes, content_type: str) -> None: ...

    def presign(self, key: str, filename: str) -> PresignedLink:
        """Return a presigned URL of an object, which downloads under `filename`."""
