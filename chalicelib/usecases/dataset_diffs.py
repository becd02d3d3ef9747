"""The difference of two versions of a dataset: files, descriptions, outcomes and bonds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from math import fsum

from chalicelib.domain.dataset_records import (
    MANIFEST_NAME,
    SELECTION_NAME,
    SelectedSubRun,
    parse_selection,
)
from chalicelib.domain.datasets import Change, DatasetVersion
from chalicelib.domain.freezes import BondMeans
from chalicelib.domain.payload import PayloadDifference, compare_payloads

from .dataset_ports import DatasetStore
from .parallel_calls import start


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A sub-run whose outcome differs; None where the version does not contain it."""

    sub_run: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class BondTypeChange:
    """The bonds of a type in both versions: their number, and their mean -ICOHP in eV."""

    bond_type: str
    bonds_before: int
    bonds_after: int
    mean_minus_icohp_ev_before: float | None
    mean_minus_icohp_ev_after: float | None


@dataclass(frozen=True, slots=True)
class DatasetDiff:
    """The difference of two versions; `documents` are the fields of the description that differ."""

    before: DatasetVersion
    after: DatasetVersion
    files: PayloadDifference
    documents: tuple[str, ...]
    outcomes: tuple[OutcomeChange, ...]
    bonds: tuple[BondTypeChange, ...]

    @property
    def change(self) -> Change:
        """Return the kind of the change by the rule of version numbers."""
        if self.files.change is Change.NONE and self.documents:
            return Change.PATCH
        return self.files.change


def compare_versions(
    before: DatasetVersion, after: DatasetVersion, *, store: DatasetStore
) -> DatasetDiff:
    """Compare two versions by their documents; no archive is read."""
    reads = [
        start(partial(store.read_document, version.documents + name))
        for name in (MANIFEST_NAME, SELECTION_NAME)
        for version in (before, after)
    ]
    files = compare_payloads(reads[0].result(), reads[1].result())
    old, new = parse_selection(reads[2].result()), parse_selection(reads[3].result())
    documents = [
        field.name
        for field in fields(before.description)
        if getattr(before.description, field.name) != getattr(after.description, field.name)
    ]
    outcomes, bonds = _compare_outcomes(old, new), _compare_bonds(old, new)
    return DatasetDiff(before, after, files, tuple(documents), outcomes, bonds)


def _compare_outcomes(
    old: Mapping[str, SelectedSubRun], new: Mapping[str, SelectedSubRun]
) -> tuple[OutcomeChange, ...]:
    changes = []
    for key in sorted(old.keys() | new.keys(), key=_sort_key):
        before, after = old.get(key), new.get(key)
        if before is None or after is None or before.outcome != after.outcome:
            outcomes = (each.outcome if each else None for each in (before, after))
            changes.append(OutcomeChange(key, *outcomes))
    return tuple(changes)


def _sort_key(key: str) -> tuple[str, int, int]:
    nc, id_run, sub_run = key.split("/")
    return nc, int(id_run), int(sub_run)


def _compare_bonds(
    old: Mapping[str, SelectedSubRun], new: Mapping[str, SelectedSubRun]
) -> tuple[BondTypeChange, ...]:
    before = _sum_up(each.bonds for each in old.values())
    after = _sum_up(each.bonds for each in new.values())
    nothing = (0, None)
    return tuple(
        BondTypeChange(
            bond_type,
            before.get(bond_type, nothing)[0],
            after.get(bond_type, nothing)[0],
            before.get(bond_type, nothing)[1],
            after.get(bond_type, nothing)[1],
        )
        for bond_type in sorted(before.keys() | after.keys())
    )


def _sum_up(means: Iterable[BondMeans | None]) -> dict[str, tuple[int, float | None]]:
    """Return the number of bonds by type, and their mean over all sub-runs."""
    counts: defaultdict[str, int] = defaultdict(int)
    sums: defaultdict[str, list[float]] = defaultdict(list)
    for by_type in means:
        for bond_type, mean in (by_type or {}).items():
            counts[bond_type] += mean.bonds
            sums[bond_type].append(mean.bonds * mean.mean_minus_icohp_ev)
    return {
        bond_type: (count, fsum(sums[bond_type]) / count if count else None)
        for bond_type, count in counts.items()
    }
