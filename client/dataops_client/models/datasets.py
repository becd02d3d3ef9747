"""Frozen datasets: their versions, advisories and differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from dataops_client.html_tables import format_count, format_size
from dataops_client.models.fields import decode, describe_error, get_field, get_value


@dataclass(frozen=True, slots=True)
class Advisory:
    """Warning about a version, or about some of its sub-runs. The data stay available.

    Attributes:
        kind: `superseded`, `deprecated` or `withdrawn`.
        reason: Explanation for users of the data.
        sub_runs: Sub-runs that are concerned, `<nc>/<id_run>/<sub_run>`; empty for all.
        created_at: Time of the advisory.
        superseded_by: Number of the version that replaces this one, or None.
    """

    kind: str
    reason: str
    sub_runs: tuple[str, ...]
    created_at: datetime
    superseded_by: str | None = None

    def __str__(self) -> str:
        concerned = f" ({', '.join(self.sub_runs)})" if self.sub_runs else ""
        hint = f"; use version {self.superseded_by}" if self.superseded_by else ""
        return f"{self.kind}{concerned}: {self.reason}{hint}"


@dataclass(frozen=True, slots=True, repr=False)
class DatasetVersion:
    """Version of a frozen dataset.

    Attributes:
        name: Name of the dataset.
        version: Number of the version, such as `1.2.0`.
        title: Title.
        content_id: SHA-256 of the manifest of its files.
        created_at: Time of the freeze.
        profile: `full`, or `essential` for the six files that training requires.
        runs: Number of runs.
        sub_runs: Number of sub-runs.
        files: Number of files.
        size_bytes: Size of the files.
        archive_bytes: Size of the archives to download.
        compositions: Nominal compositions.
        advisories: Warnings about this version.
        creators: Names of the creators.
        description: Description, or None.
        license: SPDX identifier of the licence, or None.
        citation: DOI or text of the publication of the data, or None.
        synthetic: True if a program generated the data, or None.
        doi: DOI of this version, or None.
        soap_descriptor: Parameters of the SOAP vectors, or None.
        withdrawn: True if the whole version is withdrawn.
    """

    name: str
    version: str
    title: str
    content_id: str
    created_at: datetime
    profile: str
    runs: int
    sub_runs: int
    files: int
    size_bytes: int
    archive_bytes: int
    compositions: tuple[str, ...]
    advisories: tuple[Advisory, ...]
    creators: tuple[str, ...] = ()
    description: str | None = None
    license: str | None = None
    citation: str | None = None
    synthetic: bool | None = None
    doi: str | None = None
    soap_descriptor: str | None = None
    withdrawn: bool = False

    @property
    def reference(self) -> str:
        """Name and number, such as `cuzr@1.2.0`."""
        return f"{self.name}@{self.version}"

    def __repr__(self) -> str:
        counts = f"{format_count(self.sub_runs, 'sub-run')}, {format_count(self.files, 'file')}"
        return f"DatasetVersion({self.reference}, {counts}, {format_size(self.size_bytes)})"


@dataclass(frozen=True, slots=True)
class DeletedVersion:
    """Version that was deleted, and why."""

    name: str
    version: str
    title: str
    content_id: str
    deleted_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class DatasetVersions:
    """Versions of a dataset, the oldest first, and those that were deleted."""

    name: str
    versions: tuple[DatasetVersion, ...]
    deleted: tuple[DeletedVersion, ...]


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """Dataset with its number of versions and the latest of them."""

    name: str
    versions: int
    latest: DatasetVersion

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return decode(cls, body, latest=decode(DatasetVersion, get_value(body, "latest")))


@dataclass(frozen=True, slots=True)
class FreezeProgress:
    """Dataset that the API freezes. `runs_total` is None while the sub-runs are selected."""

    name: str
    status: str
    runs_done: int
    runs_total: int | None = None

    def __str__(self) -> str:
        if self.runs_total is None:
            return "selecting sub-runs"
        return f"freezing: {self.runs_done} of {format_count(self.runs_total, 'run')}"


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """Sub-run with another outcome. An outcome is None if the version lacks the sub-run."""

    sub_run: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class BondChange:
    """Bonds of one type in two versions: their number, and the mean of -ICOHP in eV."""

    bond_type: str
    bonds_before: int
    bonds_after: int
    mean_minus_icohp_ev_before: float | None = None
    mean_minus_icohp_ev_after: float | None = None


@dataclass(frozen=True, slots=True)
class DatasetDiff:
    """Difference of two versions of a dataset.

    Attributes:
        change: `MAJOR`, `MINOR`, `PATCH` or `NONE`, by the rule of version numbers.
        files: Numbers of files: `added`, `removed`, `changed` and `unchanged`.
        added: Paths of added files.
        removed: Paths of removed files.
        changed: Paths of changed files.
        documents: Parts of the description that differ, such as `title`.
        outcomes: Sub-runs with another outcome.
        bonds: Number and mean strength of the bonds of each type.
        truncated: True if a list has been cut off.
    """

    change: str
    files: Mapping[str, int]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    documents: tuple[str, ...]
    outcomes: tuple[OutcomeChange, ...]
    bonds: tuple[BondChange, ...]
    truncated: bool = False

    @classmethod
    def from_json(cls, body: Any) -> Self:
        files = get_field(body, "files", dict)
        if any(type(count) is not int for count in files.values()):
            raise describe_error("'files' are not numbers of files", files)
        return decode(cls, body, files=files)
