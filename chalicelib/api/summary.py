"""The endpoint of the summaries of compositions."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.bootstrap import services
from chalicelib.domain.errors import InvalidInput, Unavailable
from chalicelib.domain.outcomes import Outcome
from chalicelib.usecases.summaries import CompositionSummary, summarize_runs_page

from .endpoint import ApiBlueprint, JsonResponse, endpoint
from .paging import CURSOR_PATTERN, decode_run_cursor, encode_run_cursor, format_next_link
from .schemas import Nc, Timestamp

blueprint = ApiBlueprint(__name__, tag="data")

_Count = Annotated[int, Meta(ge=0)]
_Energy = Annotated[float | None, Meta(description="In Ry, of converged cells")]


class SummaryQuery(Struct):
    """The runs to summarise: the first `limit`, or those after `cursor`."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Runs per page")] = 1000
    cursor: (
        Annotated[
            str, Meta(pattern=CURSOR_PATTERN, description="`next_cursor` of the previous page")
        ]
        | UnsetType
    ) = UNSET


class Summary(Struct):
    """Numbers over the scheduled runs of a composition.

    `outcomes` counts sub-runs by facts that were read from their files earlier. `unread` sub-runs
    have no facts yet: request the status of their runs.
    """

    nc: Nc
    runs: _Count
    sub_runs: _Count
    outcomes: dict[Outcome, _Count]
    unread: _Count
    bonds: Annotated[int, Meta(ge=0, description="Number of bonds with a strength")]
    min_total_energy_ry: _Energy
    max_total_energy_ry: _Energy
    last_activity_at: Timestamp

    @classmethod
    def of(cls, source: CompositionSummary) -> Summary:
        return cls(
            nc=str(source.nc),
            runs=source.runs,
            sub_runs=source.sub_runs,
            outcomes=dict(sorted(source.outcomes.items())),
            unread=source.unread,
            bonds=source.bonds,
            min_total_energy_ry=source.min_total_energy_ry,
            max_total_energy_ry=source.max_total_energy_ry,
            last_activity_at=source.last_activity_at.isoformat(),
        )


class Summaries(Struct):
    """Summaries of a page of runs, by composition; `next_cursor` is null after the last page.

    A composition whose runs continue on the next page occurs on both pages: add its numbers up.
    """

    compositions: list[Summary]
    next_cursor: str | None


@endpoint(
    blueprint,
    "GET",
    "/v1/summary",
    operation_id="summary",
    response=Summaries,
    errors=(InvalidInput, Unavailable),
    query=SummaryQuery,
    response_headers={
        "Link": 'The next page, `rel="next"`, relative to this request; missing on the last page'
    },
)
def get_summary(query: SummaryQuery) -> JsonResponse:
    """Summarise compositions.

    Returns runs, sub-runs by outcome, bonds and energies of all compositions with scheduled runs,
    for up to 1,000 runs per page. The facts are those of the last status requests; no file is read.
    """
    after = None if query.cursor is UNSET else decode_run_cursor(query.cursor, None)
    found, last = summarize_runs_page(
        after=after, limit=query.limit, runs=services().runs, cache=services().outcomes
    )
    cursor = None if last is None else encode_run_cursor(last, None)
    body = Summaries([Summary.of(each) for each in found], cursor)
    if cursor is None:
        return JsonResponse(body)
    return JsonResponse(body, headers={"Link": format_next_link(limit=query.limit, cursor=cursor)})
