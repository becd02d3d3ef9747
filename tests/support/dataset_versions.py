"""A version of a dataset of two runs, and its runs, without a service."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.archive_record import ArchiveRecord, PackedFile
from chalicelib.domain.artifacts import get_role
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.dataset_records import FrozenRun
from chalicelib.domain.datasets import DatasetDescription, DatasetVersion, VersionNumber
from chalicelib.domain.freezes import BondMeans, BondTypeMean, PlannedRun, PlannedSubRun
from chalicelib.domain.outcomes import CalculationFacts
from chalicelib.domain.payload import PayloadFile, build_payload_manifest, get_content_id
from chalicelib.domain.runs import RunKey
from chalicelib.domain.selection import Profile

CREATED = datetime(2026, 11, 29, 8, 30, tzinfo=UTC)
DONE = CalculationFacts(True, True, 20, True, 3, 3, -4496.5)
FAILED = CalculationFacts(True, False, 80)
PAPER = "10.1103/PhysRevMaterials.4.113603"
NAMES = ("{nc}.scf.in", "{nc}.scf.out", "ICOHPLIST.lobster", "SOAPS.vec", "notes.txt")
SUB_RUNS = (
    ("Cu50Zr50", 7, {0: DONE}),
    ("Zr49Cu49Al2", 21, {0: DONE, 3: DONE, 13: FAILED}),
)


def list_contents() -> dict[str, bytes]:
    """Return the files of the version by path."""
    return {
        f"data/{nc}/{id_run}/{sub_run}/{name.format(nc=nc)}": f"{nc} {sub_run} {name}".encode()
        for nc, id_run, facts in SUB_RUNS
        for sub_run in facts
        for name in NAMES
    }


def build_manifest() -> bytes:
    """Return the payload manifest of the version."""
    return build_payload_manifest(
        PayloadFile(hashlib.sha256(content).hexdigest(), path)
        for path, content in list_contents().items()
    )


def build_version(description: Mapping[str, Any] | None = None, **fields: Any) -> DatasetVersion:
    """Return the version, with other values for the given fields."""
    about: dict[str, Any] = {
        "title": "Cu-Zr glasses, converged cells",
        "description": "Cells of metallic glasses.",
        "license": "CC-BY-4.0",
        "creators": ("Ada Adams", "Bo Berg"),
        "citation": PAPER,
        "synthetic": False,
        "soap_descriptor": "soap cutoff=3.75 l_max=2",
    }
    contents = list_contents()
    version: dict[str, Any] = {
        "name": "cuzr",
        "sequence": 1,
        "number": VersionNumber(1, 2, 0),
        "description": DatasetDescription(**about | dict(description or {})),
        "content_id": get_content_id(build_manifest()),
        "created_at": CREATED,
        "profile": Profile.FULL,
        "compositions": tuple(nc for nc, _, _ in SUB_RUNS),
        "runs": 2,
        "sub_runs": 4,
        "files": len(contents),
        "size_bytes": sum(map(len, contents.values())),
        "archive_bytes": 100,
        "documents": "datasets/cuzr/1.2.0/f/",
    }
    return DatasetVersion(**version | fields)


def build_runs(missing: tuple[str, ...] = ()) -> list[FrozenRun]:
    """Return the runs of the version; sub-runs without labels lack the `missing` files."""
    return [_build_run(nc, id_run, facts, missing) for nc, id_run, facts in SUB_RUNS]


def _build_run(
    nc: str, id_run: int, facts: Mapping[int, CalculationFacts], missing: tuple[str, ...]
) -> FrozenRun:
    key = RunKey(NominalComposition(nc), id_run)
    planned = tuple(
        PlannedSubRun(number, each, None, missing if each is FAILED else (), ())
        for number, each in facts.items()
    )
    files = tuple(
        PackedFile(f"{number}/{name}", 10, "0" * 64, get_role(key.nc, name), 0, 5, 50)
        for number in facts
        for name in (each.format(nc=nc) for each in NAMES)
    )
    bonds: dict[int, BondMeans | None] = {
        number: {"Cu-Zr": BondTypeMean(2, 0.5 + number), "Cu-Cu": BondTypeMean(1, 0.25)}
        if each is DONE
        else None
        for number, each in facts.items()
    }
    record = ArchiveRecord(100, '"etag"', "0" * 64, files)
    return FrozenRun(PlannedRun(key, f"fingerprint-{id_run}", planned), record, bonds)
