"""The last steps of a freeze: documents, version number, and the write that commits the version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from chalicelib.domain.artifacts import Role
from chalicelib.domain.croissant import build_croissant
from chalicelib.domain.datacite import build_datacite
from chalicelib.domain.dataset_card import build_card
from chalicelib.domain.dataset_records import (
    ARCHIVES_NAME,
    MANIFEST_NAME,
    SELECTION_NAME,
    FrozenRun,
    build_archive_list,
    build_selection,
)
from chalicelib.domain.datasets import (
    Change,
    DatasetVersion,
    find_equal,
    find_latest,
    get_next_number,
)
from chalicelib.domain.errors import SourceChanged
from chalicelib.domain.freezes import (
    Freeze,
    FreezePlan,
    FreezeRequest,
    PlannedRun,
)
from chalicelib.domain.payload import (
    PayloadFile,
    build_payload_manifest,
    compare_payloads,
    get_content_id,
)
from chalicelib.version import VERSION

from .build_lease import HeldLease
from .freeze_dependencies import FreezeDependencies
from .frozen_bonds import store_bond_means
from .parallel_calls import start

_PARALLEL_READS = 8
_FOLDER_LENGTH = 16


def commit_version(
    freeze: Freeze, plan: FreezePlan, freezes: FreezeDependencies, lease: HeldLease
) -> tuple[DatasetVersion, bool]:
    """Store the documents, then the version. Return it, and False if an equal one existed.

    If another caller commits a version of the dataset meanwhile, the number is determined again.

    Raises:
        LeaseLost: Another builder executes the freeze.
    """
    runs = list(_read_runs(plan, freezes))
    manifest = build_payload_manifest(file for run in runs for file in _list_files(run))
    content_id = get_content_id(manifest)
    name = freeze.request.name
    while True:
        existing = freezes.list_versions(name)
        if equal := find_equal(existing, content_id, plan.description):
            return equal, False
        latest = find_latest(existing)
        change = _get_change(latest, content_id, manifest, freezes)
        version = DatasetVersion(
            name=name,
            sequence=len(existing) + 1,
            number=get_next_number(existing, change),
            description=plan.description,
            content_id=content_id,
            created_at=plan.created_at,
            profile=freeze.request.profile,
            compositions=tuple(sorted({str(run.plan.key.nc) for run in runs})),
            runs=len(runs),
            sub_runs=sum(len(run.plan.sub_runs) for run in runs),
            files=manifest.count(b"\n"),
            size_bytes=sum(
                file.size_bytes
                for run in runs
                for file in run.record.files
                if file.role is not Role.METADATA
            ),
            archive_bytes=sum(run.record.size_bytes for run in runs),
            documents="",
        )
        documents = _build_documents(version, freeze.request, runs, manifest, latest)
        version = _store_documents(version, documents, freezes)
        lease.confirm()
        if freezes.versions.add(version):
            return version, True


def _read_runs(plan: FreezePlan, freezes: FreezeDependencies) -> Iterator[FrozenRun]:
    """Yield what is stored of each run. SourceChanged if an archive was lost meanwhile."""
    for first in range(0, len(plan.runs), _PARALLEL_READS):
        some = plan.runs[first : first + _PARALLEL_READS]
        for pending in [start(partial(_read_run, run, freezes)) for run in some]:
            yield pending.result()


def _read_run(run: PlannedRun, freezes: FreezeDependencies) -> FrozenRun:
    record = freezes.store.get_archive_record(run.archive_key)
    if record is None:
        raise SourceChanged(f"the frozen archive of run {str(run.key)!r} was lost; freeze again")
    bonds = store_bond_means(run.archive_key, record, freezes.store, freezes.bucket)
    return FrozenRun(run, record, bonds)


def _list_files(run: FrozenRun) -> Iterator[PayloadFile]:
    for file in run.record.files:
        if file.role is not Role.METADATA:
            yield PayloadFile(file.sha256, f"data/{run.plan.key}/{file.name}")


def _get_change(
    latest: DatasetVersion | None, content_id: str, manifest: bytes, freezes: FreezeDependencies
) -> Change:
    """Return the change from the latest version, which is not equal."""
    if latest is None:
        return Change.MAJOR
    if latest.content_id == content_id:
        return Change.PATCH
    before = freezes.store.read_document(latest.documents + MANIFEST_NAME)
    return compare_payloads(before, manifest).change


def _build_documents(
    version: DatasetVersion,
    request: FreezeRequest,
    runs: Sequence[FrozenRun],
    manifest: bytes,
    previous: DatasetVersion | None,
) -> dict[str, tuple[bytes, str]]:
    """Return the content and the media type of the documents of a version, by name."""
    selection = build_selection(version, request, runs, f"dataops-api {VERSION}")
    croissant = build_croissant(version, runs, manifest, selection)
    return {
        MANIFEST_NAME: (manifest, "text/plain; charset=utf-8"),
        SELECTION_NAME: (selection, "application/json"),
        ARCHIVES_NAME: (build_archive_list(runs), "application/json"),
        "croissant.json": (croissant, "application/ld+json"),
        "datacite.json": (build_datacite(version, previous), "application/json"),
        "README.md": (build_card(version, runs), "text/markdown; charset=utf-8"),
    }


def _store_documents(
    version: DatasetVersion,
    documents: Mapping[str, tuple[bytes, str]],
    freezes: FreezeDependencies,
) -> DatasetVersion:
    """Store the documents below a prefix that depends on them, and return the version with it.

    A concurrent freeze of other files that gets the same number therefore stores others.
    """
    digest = hashlib.sha256()
    for content, _ in documents.values():
        digest.update(hashlib.sha256(content).digest())
    folder = digest.hexdigest()[:_FOLDER_LENGTH]
    prefix = f"datasets/{version.name}/{version.number}/{folder}/"
    pending = [
        start(partial(freezes.store.write_document, prefix + name, content, media_type))
        for name, (content, media_type) in documents.items()
    ]
    for each in pending:
        each.result()
    return replace(version, documents=prefix)
