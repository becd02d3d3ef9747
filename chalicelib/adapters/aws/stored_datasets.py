"""The JSON of frozen datasets, like that of `stored_records`.

    attribute `version` of a DATASET item            DatasetVersion without what changes later
    attribute `advisories` of a DATASET item         Advisory, by its id
    archives/freezes/<freeze_id>-<time>.json         FreezePlan, in the data bucket
    datasets/archives/.../<fingerprint>.bonds.json   bond means by sub-run, in the data bucket

Versions are no cache: fields of later versions of the service need defaults here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from chalicelib.domain.datasets import Advisory, AdvisoryKind, DatasetVersion
from chalicelib.domain.freezes import BondMeans, BondTypeMean, FreezePlan
from chalicelib.domain.selection import Profile

from .stored_records import StoredFacts, decode_stored, encode_stored


class _StoredDescription(Struct):
    title: str
    description: str | None
    license: str | None
    creators: tuple[str, ...]
    citation: str | None
    synthetic: bool | None
    soap_descriptor: str | None


class _StoredVersion(Struct):
    name: str
    sequence: int
    number: tuple[int, int, int]
    description: _StoredDescription
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


class _StoredAdvisory(Struct):
    kind: AdvisoryKind
    reason: str
    sub_runs: tuple[str, ...]
    superseded_by: str | None
    created_at: datetime


class _StoredComposition(Struct):
    formula: str


class _StoredRunKey(Struct):
    nc: _StoredComposition
    id_run: int


class _StoredSkipped(Struct):
    name: str
    reason: str


class _StoredSubRun(Struct):
    sub_run: int
    facts: StoredFacts | None
    energy_above_reference_ry: float | None
    missing: tuple[str, ...]
    skipped: tuple[_StoredSkipped, ...]


class _StoredRun(Struct):
    key: _StoredRunKey
    fingerprint: str
    sub_runs: tuple[_StoredSubRun, ...]


class _StoredPlan(Struct):
    created_at: datetime
    description: _StoredDescription
    runs: tuple[_StoredRun, ...]


class _StoredMean(Struct):
    bonds: int
    mean_minus_icohp_ev: float


_StoredMeans = dict[int, dict[str, _StoredMean] | None]
_Means = dict[int, dict[str, BondTypeMean] | None]


def encode_version(version: DatasetVersion) -> str:
    """Return the JSON of a version, without its DOI, advisories and tombstone."""
    return encode_stored(version, _StoredVersion).decode()


def decode_version(content: str) -> DatasetVersion:
    """Return the version of stored JSON."""
    return decode_stored(content.encode(), _StoredVersion, DatasetVersion)


def encode_advisory(advisory: Advisory) -> str:
    """Return the JSON of an advisory."""
    return encode_stored(advisory, _StoredAdvisory).decode()


def decode_advisory(content: str) -> Advisory:
    """Return the advisory of stored JSON."""
    return decode_stored(content.encode(), _StoredAdvisory, Advisory)


def encode_plan(plan: FreezePlan) -> bytes:
    """Return the JSON of a plan."""
    return encode_stored(plan, _StoredPlan)


def decode_plan(content: bytes) -> FreezePlan:
    """Return the plan of stored JSON."""
    return decode_stored(content, _StoredPlan, FreezePlan)


def encode_bond_means(means: Mapping[int, BondMeans | None]) -> bytes:
    """Return the JSON of the bond means of a run."""
    return encode_stored(means, _StoredMeans)


def decode_bond_means(content: bytes) -> Mapping[int, BondMeans | None]:
    """Return the bond means of stored JSON."""
    return decode_stored(content, _StoredMeans, _Means)
