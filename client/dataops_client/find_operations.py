"""Method of `DataOpsClient` that finds sub-runs by the facts of their calculations."""

from __future__ import annotations

from typing import Any

from dataops_client.api import Api
from dataops_client.errors import UnexpectedResponse
from dataops_client.filters import format_query, normalize_filters
from dataops_client.models.facts import FoundSubRuns, SubRunFacts
from dataops_client.models.fields import get_field

_MAX_PAGES = 10_000
"""A page is short if the API does not find enough sub-runs in time."""


class FindOperations:
    """Search for sub-runs."""

    _api: Api

    def find(self, /, **filters: Any) -> FoundSubRuns:
        """Return the scheduled sub-runs that match all filters, over all compositions and runs.

        A filter of a fact does not match a sub-run whose files do not show that fact.

        Args:
            filters: `nc`, `elements`, `id_run`, `sub_run`, `deformation`, `outcome` (one or
                several), `labels_complete`, `bond_labels_min`, `bond_labels_max`,
                `scf_iterations_max`, `total_energy_ry_min`, `total_energy_ry_max`,
                `energy_above_reference_ry_max`, and `scheduled_after` (a time or ISO 8601).

        Returns:
            The sub-runs, by composition and number. `unindexed` is the number of those that could
            not be considered.

        Raises:
            InvalidRequest: There is no such filter, or its value is invalid.
            NotFound: The API is too old to search.

        Example:
            >>> found = client.find(elements=["Zr", "Al"], outcome="DONE", bond_labels_min=600)
            >>> found[0].bond_labels, found.unindexed
            (656, 0)
        """
        selected = format_query(normalize_filters(filters))
        query: dict[str, str] | None = {"limit": "1000"} | selected
        sub_runs: list[SubRunFacts] = []
        unindexed = 0
        seen: list[dict[str, str]] = []
        while query is not None:
            if query in seen or len(seen) == _MAX_PAGES:
                raise UnexpectedResponse(
                    f"the list of sub-runs has no end; {len(seen)} pages were read"
                )
            seen.append(query)
            response = self._api.get("/v1/sub-runs", query)
            body = response.json()
            sub_runs += map(SubRunFacts.from_json, get_field(body, "sub_runs", list))
            unindexed += get_field(body, "unindexed", int)
            query = response.get_next_query()
        return FoundSubRuns(sub_runs, unindexed)
