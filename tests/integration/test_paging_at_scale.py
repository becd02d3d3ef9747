"""100,000 runs on DynamoDB Local, which counts consumed capacity as the service does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.adapters.aws.run_repository import DynamoRunRepository
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.runs import Run, RunKey
from chalicelib.usecases.run_queries import list_runs_page
from server.provision import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.self_contained

AL = NominalComposition("Al")
FEW, MANY = 1_000, 100_000


@pytest.fixture
def dynamodb(dynamodb_local: str, table: str) -> DynamoDBClient:
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local)
    create_table(client, table)
    return client


def fill(client: DynamoDBClient, table: str, numbers: range) -> None:
    """Even numbers, in the form that the run table has; whole batches of 25."""

    def put(first: int) -> None:
        runs = [
            Run(RunKey(AL, 2 * number), frozenset({0}), datetime(2026, 1, 2, tzinfo=UTC))
            for number in range(first, first + 25)
        ]
        requests: list[Any] = [{"PutRequest": {"Item": item_of(run)}} for run in runs]
        while requests:
            requests = client.batch_write_item(RequestItems={table: requests})[
                "UnprocessedItems"
            ].get(table, [])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, numbers[::25]))


def item_of(run: Run) -> dict[str, Any]:
    """Return the item that `DynamoRunRepository.add` writes."""
    return {
        "pk": {"S": "RUN"},
        "sk": {"S": f"{run.key.nc}#{run.key.id_run:09d}"},
        "nc": {"S": str(run.key.nc)},
        "id_run": {"N": str(run.key.id_run)},
        "sub_runs": {"NS": [str(sub_run) for sub_run in run.sub_runs]},
        "run_scheduled_at": {"S": run.run_scheduled_at.isoformat()},
        "claim_token": {"S": "0123456789abcdef0123456789abcdef"},
        "claimants": {"L": [{"S": "1 89abcdef"}]},
    }


class Consumption:
    """The queries of a client, and the capacity that each consumed."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.capacities: list[float] = []
        client.meta.events.register("provide-client-params.dynamodb.Query", self._ask)
        client.meta.events.register("after-call.dynamodb.Query", self._note)

    def _ask(self, params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def _note(self, parsed: dict[str, Any], **_: Any) -> None:
        self.capacities.append(parsed["ConsumedCapacity"]["CapacityUnits"])


def page_costs(
    runs: DynamoRunRepository, consumption: Consumption, after: RunKey | None
) -> list[float]:
    consumption.capacities.clear()
    page, last = list_runs_page(AL, after=after, limit=100, runs=runs)
    assert len(page) == 100
    assert last == page[-1].key
    return list(consumption.capacities)


def walk(runs: DynamoRunRepository) -> Iterator[int]:
    after = None
    while True:
        page, after = list_runs_page(None, after=after, limit=1000, runs=runs)
        yield from (run.key.id_run for run in page)
        if after is None:
            return


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pages_of_a_hundred_thousand_runs_cost_the_same_and_are_complete(
    dynamodb: DynamoDBClient, table: str
) -> None:
    runs = DynamoRunRepository(dynamodb, table)
    consumption = Consumption(dynamodb)
    fill(dynamodb, table, range(1, FEW + 1))
    costs = {FEW: page_costs(runs, consumption, None)}
    fill(dynamodb, table, range(FEW + 1, MANY + 1))
    costs[MANY] = page_costs(runs, consumption, None)
    deep = page_costs(runs, consumption, RunKey(AL, MANY))
    assert len(costs[FEW]) == 1
    assert costs[FEW] == costs[MANY] == deep
    assert costs[FEW][0] <= 8  # 101 items of some 200 bytes, 4 KB a unit

    done = threading.Event()
    added = Counter[int]()

    def add_odd_numbers() -> None:
        number = 1
        while not done.is_set():
            number = (number + 7_919 * 2) % (2 * MANY)
            assert runs.add(
                Run(RunKey(AL, number), frozenset({0}), datetime(2026, 1, 3, tzinfo=UTC)), "token"
            )
            added[number] += 1

    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(add_odd_numbers)
        met = Counter(walk(runs))
        done.set()
        adding.result()
    assert {number for number in met if number % 2 == 0} == set(range(2, 2 * MANY + 1, 2))
    assert max(met.values()) == 1
    assert {number for number in met if number % 2} <= set(added)
    assert added
