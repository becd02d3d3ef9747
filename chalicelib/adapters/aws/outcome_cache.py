"""Facts read in the files of runs, kept in the run table: one item per run.

    pk   "OUTCOMES"                     facts   JSON: sub-run -> version of its files and facts
    sk   "<nc>#<id_run, 9 digits>"

Writers do not wait for each other: the last one wins, and what it overwrote is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.outcomes import CachedFacts
from chalicelib.domain.runs import RunKey

from .errors import translate_errors
from .stored_records import decode_facts, encode_facts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SERVICE = "run table"


class DynamoOutcomeCache:
    """`usecases.ports.OutcomeCache` in the table of `DynamoRunRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key: RunKey) -> Mapping[int, CachedFacts]:
        with translate_errors(_SERVICE):
            item = self._client.get_item(TableName=self._table, Key=_address(key)).get("Item")
        if item is None:
            return {}
        try:
            return decode_facts(item["facts"]["S"])
        except msgspec.ValidationError:  # written by another version of the service
            return {}

    def put(self, key: RunKey, facts: Mapping[int, CachedFacts]) -> None:
        item = {**_address(key), "facts": {"S": encode_facts(facts)}}
        with translate_errors(_SERVICE):
            self._client.put_item(TableName=self._table, Item=item)


def _address(key: RunKey) -> dict[str, Any]:
    return {"pk": {"S": "OUTCOMES"}, "sk": {"S": f"{key.nc}#{key.id_run:09d}"}}
