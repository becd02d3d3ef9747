"""The run table in DynamoDB, which has the keys `pk` and `sk` (both strings)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .errors import error_code, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
_SERVICE = "run table"


class DynamoTable:
    """Access to the items of one table. All methods raise Unavailable if the service fails."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get_item(self, key: Item, *, consistent: bool = True) -> Item | None:
        """Return the item, or None if it does not exist."""
        with translate_errors(_SERVICE):
            return self._client.get_item(
                TableName=self._table, Key=key, ConsistentRead=consistent
            ).get("Item")

    def query(self, *, consistent: bool = True, **request: Any) -> Iterator[Item]:
        """Yield the items of a query."""
        pages = self._client.get_paginator("query")
        with translate_errors(_SERVICE):
            for page in pages.paginate(TableName=self._table, ConsistentRead=consistent, **request):
                yield from page["Items"]

    def put_item(self, **request: Any) -> Item | None:
        """Write an item. Return the response, or None if the condition is not met."""
        return self._write(self._client.put_item, request)

    def update_item(self, **request: Any) -> Item | None:
        """Update an item. Return the response, or None if the condition is not met."""
        return self._write(self._client.update_item, request)

    def delete_item(self, **request: Any) -> Item | None:
        """Delete an item. Return the response, or None if the condition is not met."""
        return self._write(self._client.delete_item, request)

    def _write(self, call: Callable[..., Any], request: dict[str, Any]) -> Item | None:
        with translate_errors(_SERVICE):
            try:
                response: Item = call(TableName=self._table, **request)
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return None
        return response


def build_key(partition: str, sort_key: str) -> Item:
    """Return the key of an item."""
    return {"pk": {"S": partition}, "sk": {"S": sort_key}}


def format_time(time: datetime) -> str:
    """Return a time in UTC as ISO 8601 with microseconds, so that times compare as text."""
    return time.isoformat(timespec="microseconds")


def format_epoch(time: datetime) -> Item:
    """Return a time as an attribute in epoch seconds, for the TTL of the table."""
    return {"N": str(int(time.timestamp()))}
