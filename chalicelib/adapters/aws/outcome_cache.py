"""Cache of the facts in the files of runs, in the run table: one item per run.

    pk, sk   "OUTCOMES", "<nc>#<id_run, 9 digits>"
    facts    JSON: sub-run -> version of its files and facts

The last of several concurrent writers wins. Overwritten facts are read from the files again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.outcomes import CachedFacts
from chalicelib.domain.runs import RunKey

from .dynamo import DynamoTable, Item, build_key
from .run_repository import format_sort_key
from .stored_records import decode_facts, encode_facts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_PARTITION = "OUTCOMES"


class DynamoOutcomeCache:
    """Implements `usecases.ports.OutcomeCache`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def get(self, key: RunKey) -> Mapping[int, CachedFacts]:
        item = self._table.get_item(_item_key(key), consistent=False)
        return {} if item is None else _decode(item)

    def put(self, key: RunKey, facts: Mapping[int, CachedFacts]) -> None:
        self._table.put_item(Item={**_item_key(key), "facts": {"S": encode_facts(facts)}})

    def list_runs(
        self, first: RunKey, last: RunKey
    ) -> Iterator[tuple[RunKey, Mapping[int, CachedFacts]]]:
        items = self._table.query(
            consistent=False,
            KeyConditionExpression="#pk = :pk AND #sk BETWEEN :first AND :last",
            ExpressionAttributeNames={"#pk": "pk", "#sk": "sk"},
            ExpressionAttributeValues={
                ":pk": {"S": _PARTITION},
                ":first": {"S": format_sort_key(first)},
                ":last": {"S": format_sort_key(last)},
            },
        )
        for item in items:
            nc, _, number = item["sk"]["S"].partition("#")
            yield RunKey(NominalComposition(nc), int(number)), _decode(item)


def _decode(item: Item) -> Mapping[int, CachedFacts]:
    """Return the facts of an item, or none if another version of the service wrote them."""
    try:
        return decode_facts(item["facts"]["S"])
    except msgspec.ValidationError:
        return {}


def _item_key(key: RunKey) -> Item:
    return build_key(_PARTITION, format_sort_key(key))
