"""Idempotency records in the run table.

    pk, sk                              "IDEMPOTENCY#<SHA-256 of the key>", "-"
    key, request, holder, claim_token   strings
    leased_until, expires_at            ISO 8601, UTC, microseconds: they compare as text
    expires                             epoch seconds, for the TTL of the table
    id_runs                             list of numbers
    completed                           boolean

Each key has its own partition, because records are never listed. A record expires at `expires_at`;
the TTL of the table only deletes old items.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.idempotency import IdempotencyRecord

from .dynamo import DynamoTable, Item, build_key, format_epoch, format_time

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoIdempotencyStore:
    """Implements `usecases.ports.IdempotencyStore`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def get(self, key: str) -> IdempotencyRecord | None:
        item = self._table.get_item(_item_key(key))
        if item is None:
            return None
        return IdempotencyRecord(
            key=item["key"]["S"],
            request=item["request"]["S"],
            holder=item["holder"]["S"],
            leased_until=datetime.fromisoformat(item["leased_until"]["S"]),
            expires_at=datetime.fromisoformat(item["expires_at"]["S"]),
            claim_token=item["claim_token"]["S"],
            id_runs=tuple(int(number["N"]) for number in item["id_runs"]["L"]),
            completed=item["completed"]["BOOL"],
        )

    def create(self, record: IdempotencyRecord, now: datetime) -> bool:
        condition = "attribute_not_exists(#pk) OR #expires_at <= :now"
        return self._put(
            record,
            condition,
            {"#pk": "pk", "#expires_at": "expires_at"},
            {":now": {"S": format_time(now)}},
        )

    def compare_and_set(self, record: IdempotencyRecord, holder: str) -> bool:
        return self._put(
            record, "#holder = :holder", {"#holder": "holder"}, {":holder": {"S": holder}}
        )

    def _put(
        self,
        record: IdempotencyRecord,
        condition: str,
        names: dict[str, str],
        values: Item,
    ) -> bool:
        response = self._table.put_item(
            Item=_build_item(record),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        # The SDK repeats a write whose response was lost. The condition then fails although the
        # record is stored.
        return response is not None or self.get(record.key) == record


def _build_item(record: IdempotencyRecord) -> Item:
    return {
        **_item_key(record.key),
        "key": {"S": record.key},
        "request": {"S": record.request},
        "holder": {"S": record.holder},
        "leased_until": {"S": format_time(record.leased_until)},
        "expires_at": {"S": format_time(record.expires_at)},
        "expires": format_epoch(record.expires_at),
        "claim_token": {"S": record.claim_token},
        "id_runs": {"L": [{"N": str(id_run)} for id_run in record.id_runs]},
        "completed": {"BOOL": record.completed},
    }


def _item_key(key: str) -> Item:
    return build_key(f"IDEMPOTENCY#{hashlib.sha256(key.encode()).hexdigest()}", "-")
