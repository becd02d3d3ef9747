"""The JSON of frozen datasets, like that of `stored_records`.

    attribute `version` of a DATASET item      DatasetVersion without what changes later
    archives/freezes/<freeze_id>-<time>.json   FreezePlan, in the data bucket
    datasets/archives/.../<fingerprint>.bonds.json   bond means by sub-run, in the data bucket

Versions are no cache: fields of later versions of the service need defaults here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from chalicelib.domain.datasets import (
    Advisory,
    AdvisoryKind,
    DatasetDescription,
    DatasetVersion,
    VersionNumber,
)
from chalicelib.domain.freezes import (
    BondMeans,
    BondTypeMean,
    FreezePlan,
    PlannedRun,
    PlannedSubRun,
)
from chalicelib.domain.manifest import SkippedFile
from chalicelib.domain.outcomes import CalculationFacts
from chalicelib.domain.runs import RunKey
from chalicelib.domain.selection import Profile

from .stored_records import StoredFacts


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
    number: str
    description: _StoredDescription
    content_id: str
    created_at: str
    profile: str
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
    created_at: str


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
    nc: str
    id_run: int
    fingerprint: str
    sub_runs: tuple[_StoredSubRun, ...]


class _StoredPlan(Struct):
    created_at: str
    description: _StoredDescription
    runs: tuple[_StoredRun, ...]


class _StoredMean(Struct):
    bonds: int
    mean_minus_icohp_ev: float


_StoredMeans = dict[int, dict[str, _StoredMean] | None]


def encode_version(version: DatasetVersion) -> str:
    """Return the JSON of a version, without its DOI, advisories and tombstone."""
    stored = _StoredVersion(
        name=version.name,
        sequence=version.sequence,
        number=str(version.number),
        description=msgspec.convert(version.description, _StoredDescription, from_attributes=True),
        content_id=version.content_id,
        created_at=version.created_at.isoformat(),
        profile=str(version.profile),
        compositions=version.compositions,
        runs=version.runs,
        sub_runs=version.sub_runs,
        files=version.files,
        size_bytes=version.size_bytes,
        archive_bytes=version.archive_bytes,
        documents=version.documents,
    )
    return msgspec.json.encode(stored).decode()


def decode_version(content: str) -> DatasetVersion:
    """Return the version of stored JSON."""
    stored = msgspec.json.decode(content, type=_StoredVersion)
    number = VersionNumber(*map(int, stored.number.split(".")))
    return DatasetVersion(
        name=stored.name,
        sequence=stored.sequence,
        number=number,
        description=_to_description(stored.description),
        content_id=stored.content_id,
        created_at=datetime.fromisoformat(stored.created_at),
        profile=Profile(stored.profile),
        compositions=stored.compositions,
        runs=stored.runs,
        sub_runs=stored.sub_runs,
        files=stored.files,
        size_bytes=stored.size_bytes,
        archive_bytes=stored.archive_bytes,
        documents=stored.documents,
    )


def encode_advisory(advisory: Advisory) -> str:
    """Return the JSON of an advisory."""
    stored = _StoredAdvisory(
        kind=advisory.kind,
        reason=advisory.reason,
        sub_runs=advisory.sub_runs,
        superseded_by=advisory.superseded_by,
        created_at=advisory.created_at.isoformat(),
    )
    return msgspec.json.encode(stored).decode()


def decode_advisory(content: str) -> Advisory:
    """Return the advisory of stored JSON."""
    stored = msgspec.json.decode(content, type=_StoredAdvisory)
    return Advisory(
        stored.kind,
        stored.reason,
        stored.sub_runs,
        stored.superseded_by,
        datetime.fromisoformat(stored.created_at),
    )


def encode_plan(plan: FreezePlan) -> bytes:
    """Return the JSON of a plan."""
    runs = tuple(
        _StoredRun(
            str(run.key.nc),
            run.key.id_run,
            run.fingerprint,
            msgspec.convert(run.sub_runs, tuple[_StoredSubRun, ...], from_attributes=True),
        )
        for run in plan.runs
    )
    description = msgspec.convert(plan.description, _StoredDescription, from_attributes=True)
    return msgspec.json.encode(_StoredPlan(plan.created_at.isoformat(), description, runs))


def decode_plan(content: bytes) -> FreezePlan:
    """Return the plan of stored JSON. msgspec.DecodeError if it has another form."""
    stored = msgspec.json.decode(content, type=_StoredPlan)
    runs = tuple(
        PlannedRun(
            RunKey.parse(run.nc, str(run.id_run)),
            run.fingerprint,
            tuple(map(_to_sub_run, run.sub_runs)),
        )
        for run in stored.runs
    )
    return FreezePlan(
        datetime.fromisoformat(stored.created_at), _to_description(stored.description), runs
    )


def encode_bond_means(means: Mapping[int, BondMeans | None]) -> bytes:
    """Return the JSON of the bond means of a run."""
    return msgspec.json.encode(msgspec.convert(means, _StoredMeans, from_attributes=True))


def decode_bond_means(content: bytes) -> dict[int, BondMeans | None]:
    """Return the bond means of stored JSON. msgspec.DecodeError if it has another form."""
    stored = msgspec.json.decode(content, type=_StoredMeans)
    return {
        sub_run: None
        if means is None
        else {
            bond_type: BondTypeMean(mean.bonds, mean.mean_minus_icohp_ev)
            for bond_type, mean in means.items()
        }
        for sub_run, means in stored.items()
    }


def _to_description(stored: _StoredDescription) -> DatasetDescription:
    return msgspec.convert(stored, DatasetDescription, from_attributes=True)


def _to_sub_run(stored: _StoredSubRun) -> PlannedSubRun:
    facts = stored.facts
    return PlannedSubRun(
        stored.sub_run,
        msgspec.convert(facts, CalculationFacts, from_attributes=True) if facts else None,
        stored.energy_above_reference_ry,
        stored.missing,
        tuple(SkippedFile(each.name, each.reason) for each in stored.skipped),
    )
