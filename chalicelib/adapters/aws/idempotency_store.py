"""Idempotency records in the run table.

    pk   "IDEMPOTENCY#<SHA-256 of the key>"     leased_until, expires_at   ISO 8601, UTC, microseconds: they compare as text
    sk   "-"                                    expires                    epoch seconds, for the table's TTL
    key, request, holder, claim_token           id_runs                    list of numbers
                                                completed                  boolean

A partition per key: keys come and go, and no listing needs them. The table's TTL only tidies up: expiry is decided on `expires_at`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.domain.idempotency import IdempotencyRecord

from .errors import error_code, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SERVICE = "run table"


class DynamoIdempotencyStore:
    """`usecases.ports.IdempotencyStore` in the table of `DynamoRunRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key: str) -> IdempotencyRecord | None:
        with translate_errors(_SERVICE):
            item = self._client.get_item(
                TableName=self._table, Key=_address(key), ConsistentRead=True
            ).get("Item")
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
            {":now": {"S": _text(now)}},
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
        values: dict[str, Any],
    ) -> bool:
        with translate_errors(_SERVICE):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=_item(record),
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                # The SDK repeats a write whose answer was lost; the repetition then fails on our own record.
                found = self.get(record.key)
                return found == record
        return True


def _item(record: IdempotencyRecord) -> dict[str, Any]:
    return {
        **_address(record.key),
        "key": {"S": record.key},
        "request": {"S": record.request},
        "holder": {"S": record.holder},
        "leased_until": {"S": _text(record.leased_until)},
        "expires_at": {"S": _text(record.expires_at)},
        "expires": {"N": str(int(record.expires_at.timestamp()))},
        "claim_token": {"S": record.claim_token},
        "id_runs": {"L": [{"N": str(id_run)} for id_run in record.id_runs]},
        "completed": {"BOOL": record.completed},
    }


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")


def _address(key: str) -> dict[str, Any]:
    return {
        "pk": {"S": f"IDEMPOTENCY#{hashlib.sha256(key.encode()).hexdigest()}"},
        "sk": {"S": "-"},
    }
