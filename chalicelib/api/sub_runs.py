"""The endpoint of the search for sub-runs by the facts of their calculations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from chalicelib.bootstrap import services
from chalicelib.domain.deformation import DEFORMATION_GROUPS
from chalicelib.domain.errors import InvalidInput, Unavailable
from chalicelib.domain.fact_filters import FILTERS
from chalicelib.domain.facts import FactFilter, SubRunRow
from chalicelib.domain.outcomes import Outcome
from chalicelib.usecases.facts_search import find_sub_runs

from .endpoint import ApiBlueprint, JsonResponse, endpoint
from .paging import (
    CURSOR_PATTERN,
    decode_sub_run_cursor,
    encode_sub_run_cursor,
    format_next_link,
)
from .schemas import IdRun, Nc, SubRun, Timestamp

blueprint = ApiBlueprint(__name__, tag="data")

if TYPE_CHECKING:

    class SubRunFilter(Struct):
        """The fields of FILTERS."""

else:
    SubRunFilter = defstruct(
        "SubRunFilter",
        [
            (
                field.name,
                Annotated[
                    field.type,
                    Meta(
                        description=field.meaning,
                        examples=[field.example],
                        pattern=field.pattern,
                        ge=field.minimum,
                        extra_json_schema={"format": field.format} if field.format else None,
                    ),
                ]
                | UnsetType,
                UNSET,
            )
            for field in FILTERS.values()
        ],
        namespace={
            "__doc__": "A selection of sub-runs: those that match all filters. A sub-run without "
            "a fact matches no filter of this fact."
        },
        module=__name__,
        forbid_unknown_fields=True,
    )


def parse_filter(where: SubRunFilter) -> FactFilter:
    """Return the filter of a query or a body. InvalidInput if a value is invalid."""
    given: dict[str, Any] = msgspec.structs.asdict(where)
    return FactFilter.parse(
        {name: value for name, value in given.items() if name in FILTERS and value is not UNSET}
    )


class SubRunQuery(SubRunFilter):
    """The filters, and the page: `limit` rows, the first ones or those after `cursor`."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Rows per page")] = 100
    cursor: (
        Annotated[
            str, Meta(pattern=CURSOR_PATTERN, description="`next_cursor` of the previous page")
        ]
        | UnsetType
    ) = UNSET


class FoundSubRun(Struct):
    """A sub-run, with facts that were read from its files earlier.

    Facts that the files do not contain are null.
    """

    nc: Nc
    id_run: IdRun
    sub_run: SubRun
    deformation: Annotated[
        str, Meta(description="The group of its deformation", examples=list(DEFORMATION_GROUPS))
    ]
    outcome: Outcome
    labels_complete: bool
    bond_labels: int | None
    bonds_expected: int | None
    scf_iterations: int | None
    total_energy_ry: Annotated[float | None, Meta(description="In Ry, of a converged cell")]
    energy_above_reference_ry: Annotated[
        float | None,
        Meta(description="Total energy minus that of sub-run 0 of the same run, in Ry"),
    ]
    scheduled_at: Timestamp

    @classmethod
    def of(cls, row: SubRunRow) -> FoundSubRun:
        return cls(
            nc=str(row.key.run.nc),
            id_run=str(row.key.run.id_run),
            sub_run=str(row.key.sub_run),
            deformation=row.deformation,
            outcome=row.facts.outcome,
            labels_complete=row.facts.labels_complete,
            bond_labels=row.facts.bond_labels,
            bonds_expected=row.facts.bonds_expected,
            scf_iterations=row.facts.scf_iterations,
            total_energy_ry=row.facts.total_energy_ry,
            energy_above_reference_ry=row.energy_above_reference_ry,
            scheduled_at=row.scheduled_at.isoformat(),
        )


class FoundSubRuns(Struct):
    """A page of sub-runs, by composition (as text), run and sub-run (as numbers).

    `next_cursor` is null at the end only; a page may have fewer rows than its `limit`.

    `unindexed` counts the sub-runs of this page that match all filters which need no facts, but
    whose facts were not read yet: request the status of their runs. Add up the numbers of pages.
    """

    sub_runs: list[FoundSubRun]
    unindexed: Annotated[int, Meta(ge=0)]
    next_cursor: str | None


@endpoint(
    blueprint,
    "GET",
    "/v1/sub-runs",
    operation_id="find_sub_runs",
    response=FoundSubRuns,
    errors=(InvalidInput, Unavailable),
    query=SubRunQuery,
    response_headers={
        "Link": 'The next page, `rel="next"`, relative to this request; missing on the last page'
    },
)
def get_sub_runs(query: SubRunQuery) -> JsonResponse:
    """Find sub-runs.

    Returns the scheduled sub-runs that match all filters, with their facts, over all compositions.
    The facts are those of the last status requests; no file is read.
    """
    selected = parse_filter(query)
    page = find_sub_runs(
        selected,
        after=None if query.cursor is UNSET else decode_sub_run_cursor(query.cursor),
        limit=query.limit,
        runs=services().runs,
        cache=services().outcomes,
        clock=services().clock,
    )
    cursor = None if page.last is None else encode_sub_run_cursor(page.last)
    body = FoundSubRuns([FoundSubRun.of(row) for row in page.rows], page.unindexed, cursor)
    if cursor is None:
        return JsonResponse(body)
    link = format_next_link(**format_filter(selected), limit=query.limit, cursor=cursor)
    return JsonResponse(body, headers={"Link": link})


def format_filter(selected: FactFilter) -> dict[str, str]:
    """Return the filters as query parameters."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in selected.to_dict().items()
    }
