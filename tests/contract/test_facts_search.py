"""The search on the fakes and on DynamoDB: every row once, over many queries."""

from __future__ import annotations

import pytest

from chalicelib.adapters.aws.outcome_cache import DynamoOutcomeCache
from chalicelib.adapters.aws.run_repository import DynamoRunRepository
from chalicelib.domain.facts import FactFilter
from chalicelib.domain.outcomes import CachedFacts, CalculationFacts
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.usecases.facts_search import find_sub_runs
from chalicelib.usecases.ports import OutcomeCache, RunRepository
from tests.support.fakes import FakeClock, FakeOutcomeCache, FakeRunRepository

Stores = tuple[RunRepository, OutcomeCache]
KEYS = [RunKey.parse(nc, str(number)) for nc in ("Al", "Al2", "CuZr") for number in range(1, 15)]
INDEXED = [key for key in KEYS if key.id_run != 7]


@pytest.fixture(params=["fake", pytest.param("dynamodb", marks=pytest.mark.stores)])
def stores(request: pytest.FixtureRequest) -> Stores:
    """Return runs with more than 1 MB of facts, the limit of a page of DynamoDB."""
    runs: RunRepository = FakeRunRepository()
    cache: OutcomeCache = FakeOutcomeCache()
    if request.param == "dynamodb":
        client, table = request.getfixturevalue("aws").dynamodb, request.getfixturevalue("table")
        runs, cache = DynamoRunRepository(client, table), DynamoOutcomeCache(client, table)
    facts = {n: CachedFacts("v" * 2_000, CalculationFacts(True, n != 3)) for n in range(15)}
    for key in KEYS:
        runs.add(Run(key, frozenset(range(15)), FakeClock().now()), str(key))
    for key in INDEXED:
        cache.put(key, facts)
    return runs, cache


@pytest.mark.parametrize(("limit", "step_runs"), [(1000, 1000), (11, 1000), (1000, 5), (7, 12)])
def test_every_row_is_on_one_page(stores: Stores, limit: int, step_runs: int) -> None:
    selected = FactFilter.parse({"outcome": "SCF_NOT_CONVERGED", "sub_run": "0-5"})
    found: list[SubRunKey] = []
    unindexed, after = 0, None
    while True:
        page = find_sub_runs(
            selected,
            after=after,
            limit=limit,
            runs=stores[0],
            cache=stores[1],
            clock=FakeClock(),
            step_runs=step_runs,
        )
        found += [row.key for row in page.rows]
        unindexed += page.unindexed
        after = page.last
        if after is None:
            break
    assert found == [SubRunKey(key, 3) for key in INDEXED]
    assert unindexed == 3 * 6
