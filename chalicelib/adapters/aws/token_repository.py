"""Tokens in the run table, which contains hashes and no secrets.

pk, sk                    "TOKEN", id of the token
scope                     read, schedule or admin
note                      description
secret_sha256             hexadecimal digits
created_at, expires_at    ISO 8601, UTC
expires                   epoch seconds, for the TTL of the table: 30 days after expires_at
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.tokens import Scope, TokenRecord

from .dynamo import DynamoTable, Item, build_key, format_epoch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "TOKEN"
_RETENTION = timedelta(days=30)


class DynamoTokenRepository:
    """Implements `usecases.ports.TokenRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def get(self, token_id: str) -> TokenRecord | None:
        item = self._table.get_item(_item_key(token_id))
        return _parse_record(item) if item else None

    def list_all(self) -> Sequence[TokenRecord]:
        items = self._table.query(
            KeyConditionExpression="#pk = :pk",
            ExpressionAttributeNames={"#pk": "pk"},
            ExpressionAttributeValues={":pk": {"S": _PARTITION}},
        )
        return [_parse_record(item) for item in items]

    def add(self, record: TokenRecord) -> None:
        item = {
            **_item_key(record.token_id),
            "secret_sha256": {"S": record.secret_sha256},
            "scope": {"S": record.scope},
            "note": {"S": record.description},
            "created_at": {"S": record.created_at.isoformat()},
            "expires_at": {"S": record.expires_at.isoformat()},
            "expires": format_epoch(record.expires_at + _RETENTION),
        }
        self._table.put_item(Item=item)

    def remove(self, token_id: str) -> bool:
        response = self._table.delete_item(Key=_item_key(token_id), ReturnValues="ALL_OLD")
        return bool(response and response.get("Attributes"))


def _item_key(token_id: str) -> Item:
    return build_key(_PARTITION, token_id)


def _parse_record(item: Item) -> TokenRecord:
    return TokenRecord(
        token_id=item["sk"]["S"],
        secret_sha256=item["secret_sha256"]["S"],
        scope=Scope(item["scope"]["S"]),
        description=item["note"]["S"],
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        expires_at=datetime.fromisoformat(item["expires_at"]["S"]),
    )
