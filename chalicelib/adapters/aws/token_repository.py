"""Tokens in the run table: what is kept of them, which opens nothing.

pk, sk    "TOKEN", id of the token      created_at, expires_at   ISO 8601, UTC
scope     read, schedule or admin       expires                  epoch seconds, for the table's TTL: 30 days after
note      whose it is                   secret_sha256            in hexadecimal digits
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.tokens import Scope, TokenRecord

from .errors import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "TOKEN"
_SERVICE = "run table"
_KEPT = timedelta(days=30)


class DynamoTokenRepository:
    """`usecases.access.TokenRepository` in the table of `DynamoRunRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, token_id: str) -> TokenRecord | None:
        with translate_errors(_SERVICE):
            item = self._client.get_item(
                TableName=self._table, Key=_address(token_id), ConsistentRead=True
            ).get("Item")
        return _record(item) if item else None

    def list_all(self) -> Sequence[TokenRecord]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":pk": {"S": _PARTITION}},
        }
        with translate_errors(_SERVICE):
            return [
                _record(item)
                for page in self._client.get_paginator("query").paginate(**query)
                for item in page["Items"]
            ]

    def add(self, record: TokenRecord) -> None:
        item = {
            **_address(record.token_id),
            "secret_sha256": {"S": record.secret_sha256},
            "scope": {"S": record.scope},
            "note": {"S": record.description},
            "created_at": {"S": record.created_at.isoformat()},
            "expires_at": {"S": record.expires_at.isoformat()},
            "expires": {"N": str(int((record.expires_at + _KEPT).timestamp()))},
        }
        with translate_errors(_SERVICE):
            self._client.put_item(TableName=self._table, Item=item)

    def remove(self, token_id: str) -> bool:
        with translate_errors(_SERVICE):
            answer = self._client.delete_item(
                TableName=self._table, Key=_address(token_id), ReturnValues="ALL_OLD"
            )
        return bool(answer.get("Attributes"))


def _address(token_id: str) -> dict[str, Any]:
    return {"pk": {"S": _PARTITION}, "sk": {"S": token_id}}


def _record(item: Mapping[str, Any]) -> TokenRecord:
    return TokenRecord(
        token_id=item["sk"]["S"],
        secret_sha256=item["secret_sha256"]["S"],
        scope=Scope(item["scope"]["S"]),
        description=item["note"]["S"],
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        expires_at=datetime.fromisoformat(item["expires_at"]["S"]),
    )
