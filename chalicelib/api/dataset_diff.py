"""The endpoint of the difference of two versions of a dataset."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.bootstrap import services
from chalicelib.domain.datasets import Change
from chalicelib.domain.errors import DatasetDeleted, InvalidInput, NotFound, Unavailable
from chalicelib.usecases.dataset_diffs import (
    BondTypeChange,
    DatasetDiff,
    OutcomeChange,
    compare_versions,
)
from chalicelib.usecases.datasets import get_version

from .dataset_schemas import DatasetName, SubRunPath, Version
from .endpoint import ApiBlueprint, endpoint

blueprint = ApiBlueprint(__name__, tag="datasets")

MAX_DIFFERENCES = 1_000
"""Limit of each list of a difference."""

_Count = Annotated[int, Meta(ge=0)]
_Mean = Annotated[float | None, Meta(description="Mean -ICOHP in eV")]


class FileCounts(Struct):
    """Numbers of files."""

    added: _Count
    removed: _Count
    changed: _Count
    unchanged: _Count


class OutcomeDifference(Struct):
    """A sub-run whose outcome differs; null where the version does not contain it."""

    sub_run: SubRunPath
    before: str | None
    after: str | None


class BondTypeDifference(Struct):
    """The bonds of a type over all sub-runs, in both versions."""

    bond_type: str
    bonds_before: _Count
    bonds_after: _Count
    mean_minus_icohp_ev_before: _Mean
    mean_minus_icohp_ev_after: _Mean


class DatasetDifference(Struct, rename={"from_": "from"}):
    """The difference of two versions.

    `documents` are the fields of the description that differ. Lists of files and outcomes have at
    most 1,000 entries each: `truncated` is true if one is longer.
    """

    name: DatasetName
    from_: Version
    to: Version
    change: Change
    files: FileCounts
    added: list[str]
    removed: list[str]
    changed: list[str]
    truncated: bool
    documents: list[str]
    outcomes: list[OutcomeDifference]
    bonds: list[BondTypeDifference]

    @classmethod
    def of(cls, source: DatasetDiff) -> DatasetDifference:
        files = source.files
        lists = (files.added, files.removed, files.changed, source.outcomes)
        return cls(
            name=source.before.name,
            from_=str(source.before.number),
            to=str(source.after.number),
            change=source.change,
            files=FileCounts(
                len(files.added), len(files.removed), len(files.changed), files.unchanged
            ),
            added=files.added[:MAX_DIFFERENCES],
            removed=files.removed[:MAX_DIFFERENCES],
            changed=files.changed[:MAX_DIFFERENCES],
            truncated=any(len(each) > MAX_DIFFERENCES for each in lists),
            documents=list(source.documents),
            outcomes=list(map(_format_outcome, source.outcomes[:MAX_DIFFERENCES])),
            bonds=list(map(_format_bonds, source.bonds)),
        )


def _format_outcome(source: OutcomeChange) -> OutcomeDifference:
    return OutcomeDifference(source.sub_run, source.before, source.after)


def _format_bonds(source: BondTypeChange) -> BondTypeDifference:
    return BondTypeDifference(
        source.bond_type,
        source.bonds_before,
        source.bonds_after,
        source.mean_minus_icohp_ev_before,
        source.mean_minus_icohp_ev_after,
    )


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/diff/{other}",
    operation_id="diff_datasets",
    response=DatasetDifference,
    errors=(InvalidInput, NotFound, DatasetDeleted, Unavailable),
)
def get_dataset_diff(dataset: str, version: str, other: str) -> DatasetDifference:
    """Compare two versions.

    Returns the files that were added, removed or changed from `version` to `other`, the outcomes
    that changed, and for each bond type the number of bonds and the mean -ICOHP in both versions.
    """
    versions = services().freezes.versions
    return DatasetDifference.of(
        compare_versions(
            get_version(dataset, version, versions=versions),
            get_version(dataset, other, versions=versions),
            store=services().freezes.store,
        )
    )
