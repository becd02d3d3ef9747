"""Frozen datasets: immutable versions of a selection of sub-runs, with a content id.

The version numbers follow the rule of Croissant (https://docs.mlcommons.org/croissant/docs/
croissant-spec-1.1.html): PATCH for the same files with another description, MINOR for added files,
MAJOR for removed or changed files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .errors import InvalidInput
from .selection import Profile

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
VERSION_PATTERN = r"^(?:latest|(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2})$"
CONTENT_ID_PATTERN = r"^[0-9a-f]{64}$"
DOI_PATTERN = r"^10\.[0-9]{4,9}/[!-~]{1,200}$"
RESERVED_NAME = "by-content"
"""A path segment of the API next to the names of datasets."""
_NAME = re.compile(NAME_PATTERN.strip("^$"), re.ASCII)
_NUMBER = re.compile(VERSION_PATTERN.strip("^$"), re.ASCII)
_CONTENT_ID = re.compile(CONTENT_ID_PATTERN.strip("^$"), re.ASCII)


class Change(StrEnum):
    """The difference between two versions."""

    NONE = "NONE"
    PATCH = "PATCH"
    MINOR = "MINOR"
    MAJOR = "MAJOR"


class VersionNumber(NamedTuple):
    """The number of a version; numbers compare by their parts."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> VersionNumber | None:
        """Return the number of a text such as `1.2.0`, or None for `latest`.

        InvalidInput for any other text.
        """
        if not _NUMBER.fullmatch(text):
            raise InvalidInput(
                f"invalid version {text!r}; expected three numbers, such as '1.0.0', or 'latest'"
            )
        return None if text == "latest" else cls(*map(int, text.split(".")))

    def after(self, change: Change) -> VersionNumber:
        """Return the number of the next version."""
        if change is Change.MAJOR:
            return VersionNumber(self.major + 1, 0, 0)
        if change is Change.MINOR:
            return VersionNumber(self.major, self.minor + 1, 0)
        return VersionNumber(self.major, self.minor, self.patch + 1)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST_VERSION = VersionNumber(1, 0, 0)


class AdvisoryKind(StrEnum):
    """The kind of an advisory, by increasing severity."""

    SUPERSEDED = "superseded"
    DEPRECATED = "deprecated"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Advisory:
    """A warning about a version, or about some of its sub-runs (`<nc>/<id_run>/<sub_run>`).

    The data stay available. `superseded_by` is the number of a version that replaces this one.
    """

    kind: AdvisoryKind
    reason: str
    sub_runs: tuple[str, ...]
    superseded_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Deletion:
    """The tombstone of a deleted version."""

    reason: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class DatasetDescription:
    """The description of a version, by its creator.

    `license` is an SPDX identifier, `citation` the publication of the data (a DOI or a text).
    """

    title: str
    description: str | None
    license: str | None
    creators: tuple[str, ...]
    citation: str | None
    synthetic: bool | None
    soap_descriptor: str | None


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A version of a dataset, the `sequence`-th one from 1.

    `content_id` is the SHA-256 of its payload manifest (see `payload`). `size_bytes` is the total
    size of its `files`, `archive_bytes` that of its archives. `documents` is the prefix of the keys
    of its documents in the data bucket.
    """

    name: str
    sequence: int
    number: VersionNumber
    description: DatasetDescription
    content_id: str
    created_at: datetime
    profile: Profile
    compositions: tuple[str, ...]
    runs: int
    sub_runs: int
    files: int
    size_bytes: int
    archive_bytes: int
    documents: str
    doi: str | None = None
    advisories: tuple[Advisory, ...] = ()
    deletion: Deletion | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Return True if an advisory withdraws the whole version."""
        return any(
            each.kind is AdvisoryKind.WITHDRAWN and not each.sub_runs for each in self.advisories
        )

    def __str__(self) -> str:
        return f"{self.name}@{self.number}"


def parse_name(text: str) -> str:
    """Return the name of a dataset. InvalidInput if it cannot be one."""
    if not _NAME.fullmatch(text) or text == RESERVED_NAME:
        raise InvalidInput(
            f"invalid dataset name {text!r}; expected up to 63 lower-case letters, digits and "
            f"hyphens, such as 'cuzr-glasses', but not {RESERVED_NAME!r}"
        )
    return text


def parse_content_id(text: str) -> str:
    """Return a content id. InvalidInput unless it is a SHA-256 in lower-case hex."""
    if not _CONTENT_ID.fullmatch(text):
        raise InvalidInput(f"invalid content id {text!r}; expected 64 hexadecimal digits")
    return text


def find_latest(versions: Iterable[DatasetVersion]) -> DatasetVersion | None:
    """Return the version with the highest number that is not deleted."""
    live = [version for version in versions if version.deletion is None]
    return max(live, key=lambda version: version.number, default=None)


def find_equal(
    versions: Iterable[DatasetVersion], content_id: str, description: DatasetDescription
) -> DatasetVersion | None:
    """Return the version with the same content and description, unless it is deleted."""
    for version in versions:
        same = version.content_id == content_id and version.description == description
        if same and version.deletion is None:
            return version
    return None


def get_next_number(versions: Sequence[DatasetVersion], change: Change) -> VersionNumber:
    """Return the number of a new version; `change` is relative to the latest version.

    Numbers of deleted versions are not used again.
    """
    if not versions:
        return FIRST_VERSION
    return max(version.number for version in versions).after(change)
