"""The JSON documents of a version that this service reads again: selection and archives.

`selection.json` describes each sub-run as it was when it was selected, `archives.json` lists the
archives that contain the files. Their form is part of the HTTP contract.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .archive_record import ArchiveRecord
from .datasets import DatasetVersion
from .deformation import DEFORMATIONS
from .freezes import (
    BondMeans,
    BondTypeMean,
    FreezeRequest,
    PlannedRun,
    PlannedSubRun,
    get_frozen_archive_key,
)
from .runs import RunKey

MANIFEST_NAME = "manifest-sha256.txt"
SELECTION_NAME = "selection.json"
ARCHIVES_NAME = "archives.json"
SELECTION_FORMAT = 1


@dataclass(frozen=True, slots=True)
class FrozenRun:
    """A run of a version: its plan, the record of its archive, and its bond means by sub-run."""

    plan: PlannedRun
    record: ArchiveRecord
    bonds: Mapping[int, BondMeans | None]


@dataclass(frozen=True, slots=True)
class FrozenArchive:
    """An archive of a version, as `archives.json` lists it."""

    run: RunKey
    sub_runs: tuple[str, ...]
    fingerprint: str
    size_bytes: int
    sha256: str

    @property
    def archive_key(self) -> str:
        """Return the key of the archive in the data bucket."""
        return get_frozen_archive_key(self.run, self.fingerprint)

    @property
    def filename(self) -> str:
        return f"{self.run.nc}_{self.run.id_run}.zip"


@dataclass(frozen=True, slots=True)
class SelectedSubRun:
    """What versions are compared by: the outcome and the bond means of a sub-run."""

    outcome: str | None
    bonds: BondMeans | None


def build_selection(
    version: DatasetVersion, request: FreezeRequest, runs: Sequence[FrozenRun], software: str
) -> bytes:
    """Return the content of `selection.json`."""
    about = version.description
    request_fields = json.loads(request.to_json())
    document = {
        "format": SELECTION_FORMAT,
        "name": version.name,
        "version": str(version.number),
        "title": about.title,
        "description": about.description,
        "license": about.license,
        "creators": list(about.creators),
        "citation": about.citation,
        "synthetic": about.synthetic,
        "soap_descriptor": about.soap_descriptor,
        "profile": str(version.profile),
        "allow_missing": request.allow_missing,
        "where": request_fields["where"],
        "items": request_fields["items"],
        "created_at": version.created_at.isoformat(),
        "software": software,
        "content_id": version.content_id,
        "sub_runs": [
            _format_sub_run(run, sub_run) for run in runs for sub_run in run.plan.sub_runs
        ],
    }
    return _encode(document)


def parse_selection(content: bytes) -> dict[str, SelectedSubRun]:
    """Return the sub-runs of `selection.json` by `<nc>/<id_run>/<sub_run>`."""
    return {
        f"{row['nc']}/{row['id_run']}/{row['sub_run']}": SelectedSubRun(
            row["outcome"], _parse_bonds(row["bonds"])
        )
        for row in json.loads(content)["sub_runs"]
    }


def build_archive_list(runs: Sequence[FrozenRun]) -> bytes:
    """Return the content of `archives.json`."""
    return _encode(
        [
            {
                "nc": str(run.plan.key.nc),
                "id_run": str(run.plan.key.id_run),
                "sub_runs": [str(each.sub_run) for each in run.plan.sub_runs],
                "fingerprint": run.plan.fingerprint,
                "size_bytes": run.record.size_bytes,
                "sha256": run.record.sha256,
            }
            for run in runs
        ]
    )


def parse_archive_list(content: bytes) -> list[FrozenArchive]:
    """Return the archives of `archives.json`."""
    return [
        FrozenArchive(
            RunKey.parse(fields["nc"], fields["id_run"]),
            tuple(fields["sub_runs"]),
            fields["fingerprint"],
            fields["size_bytes"],
            fields["sha256"],
        )
        for fields in json.loads(content)
    ]


def _format_sub_run(run: FrozenRun, planned: PlannedSubRun) -> dict[str, Any]:
    facts, bonds = planned.facts, run.bonds.get(planned.sub_run)
    return {
        "nc": str(run.plan.key.nc),
        "id_run": str(run.plan.key.id_run),
        "sub_run": str(planned.sub_run),
        "deformation": DEFORMATIONS[planned.sub_run].group,
        "outcome": facts and str(facts.outcome),
        "labels_complete": facts and facts.labels_complete,
        "bond_labels": facts and facts.bond_labels,
        "bonds_expected": facts and facts.bonds_expected,
        "scf_iterations": facts and facts.scf_iterations,
        "total_energy_ry": facts and facts.total_energy_ry,
        "energy_above_reference_ry": planned.energy_above_reference_ry,
        "missing": list(planned.missing),
        "skipped": [{"name": file.name, "reason": file.reason} for file in planned.skipped],
        "bonds": bonds
        and {
            name: {"bonds": mean.bonds, "mean_minus_icohp_ev": mean.mean_minus_icohp_ev}
            for name, mean in bonds.items()
        },
    }


def _parse_bonds(fields: Mapping[str, Any] | None) -> BondMeans | None:
    if fields is None:
        return None
    return {
        name: BondTypeMean(each["bonds"], each["mean_minus_icohp_ev"])
        for name, each in fields.items()
    }


def _encode(document: object) -> bytes:
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    return (text + "\n").encode()
