"""Requests of the endpoints of frozen datasets."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.domain import datasets, freezes
from chalicelib.domain.datasets import DOI_PATTERN, AdvisoryKind
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.runs import RunKey, parse_sub_run
from chalicelib.domain.selection import Profile

from .dataset_schemas import DatasetName, SubRunPath, Version
from .paging import CURSOR_PATTERN
from .schemas import IdRun, Nc, SubRun
from .sub_runs import SubRunFilter, parse_filter

_Text = Annotated[str, Meta(min_length=1, max_length=4_000)]
_CreatorName = Annotated[str, Meta(min_length=1, max_length=200)]
_Title = Annotated[
    str, Meta(min_length=1, max_length=300, examples=["Cu-Zr metallic glasses, converged cells"])
]


class SelectedRun(Struct, forbid_unknown_fields=True):
    """A run to freeze, and its sub-runs; all that are scheduled if they are missing."""

    nc: Nc
    id_run: IdRun
    sub_runs: Annotated[list[SubRun], Meta(min_length=1, max_length=15)] | UnsetType = UNSET

    def to_domain(self) -> freezes.SelectedRun:
        """Return the run with numbers."""
        key = RunKey.parse(self.nc, self.id_run)
        if self.sub_runs is UNSET:
            return freezes.SelectedRun(key, None)
        return freezes.SelectedRun(key, tuple(sorted(set(map(parse_sub_run, self.sub_runs)))))


class DatasetBody(Struct, forbid_unknown_fields=True):
    """The version to create: its sub-runs, either by a filter or as a list, and its description.

    `license`, `creators` and `description` are those of the data set if they are missing.
    """

    EXTRA_SCHEMA: ClassVar[dict[str, Any]] = {
        "oneOf": [{"required": ["where"]}, {"required": ["items"]}]
    }

    name: DatasetName
    title: _Title
    where: SubRunFilter | UnsetType = UNSET
    items: Annotated[list[SelectedRun], Meta(min_length=1, max_length=1_000)] | UnsetType = UNSET
    profile: Profile = Profile.FULL
    license: Annotated[str, Meta(max_length=100, description="SPDX identifier")] | None = None
    creators: Annotated[list[_CreatorName], Meta(max_length=100)] | None = None
    description: _Text | None = None
    allow_missing: Annotated[
        bool, Meta(description="Accept sub-runs that lack files of the profile")
    ] = False

    def to_request(self) -> freezes.FreezeRequest:
        """Return the request. InvalidInput unless it has either `where` or `items`."""
        items = None
        if (self.where is UNSET) == (self.items is UNSET):
            raise InvalidInput("send either where, a filter of sub-runs, or items, a list of runs")
        if self.items is not UNSET:
            items = tuple(sorted((each.to_domain() for each in self.items), key=_get_key))
            for first, second in pairwise(items):
                if first.key == second.key:
                    raise InvalidInput(f"items contain run {str(first.key)!r} twice")
        return freezes.FreezeRequest(
            name=datasets.parse_name(self.name),
            title=self.title,
            where=None if self.where is UNSET else parse_filter(self.where).to_dict(),
            items=items,
            profile=self.profile,
            license=self.license,
            creators=None if self.creators is None else tuple(self.creators),
            description=self.description,
            allow_missing=self.allow_missing,
        )


def _get_key(run: freezes.SelectedRun) -> RunKey:
    return run.key


class PageQuery(Struct):
    """The page of a list."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Entries per page")] = 1000
    cursor: (
        Annotated[
            str, Meta(pattern=CURSOR_PATTERN, description="`next_cursor` of the previous page")
        ]
        | UnsetType
    ) = UNSET


class AdvisoryBody(Struct, forbid_unknown_fields=True):
    """The advisory to add; it concerns the whole version without `sub_runs`."""

    kind: AdvisoryKind
    reason: _Text
    sub_runs: Annotated[list[SubRunPath], Meta(max_length=1_000)] | UnsetType = UNSET
    superseded_by: Version | None = None


class DoiBody(Struct, forbid_unknown_fields=True):
    """The DOI under which the version was published elsewhere."""

    doi: Annotated[str, Meta(pattern=DOI_PATTERN, examples=["10.5281/zenodo.1234567"])]


class DeletionQuery(Struct):
    """Why the version is deleted. The reason stays public."""

    reason: _Text
