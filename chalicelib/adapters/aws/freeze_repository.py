"""Freezes in the run table.

    pk, sk                    "FREEZE", id of the freeze
    request                   JSON
    created_at                ISO 8601, UTC
    runs_done, runs_total     numbers; missing until the files are selected
    version, created          the result
    error_code, error         the error that ended the freeze
    expires                   epoch seconds, for the TTL of the table

A lost item costs the result of a repeated request, which then freezes the same files again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.freezes import Freeze, FreezeRequest

from .dynamo import DynamoTable, Item, build_key, format_epoch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RETENTION = timedelta(days=7)


class DynamoFreezeRepository:
    """Implements `usecases.dataset_ports.FreezeRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def get(self, freeze_id: str) -> Freeze | None:
        item = self._table.get_item(_item_key(freeze_id))
        if item is None:
            return None
        return Freeze(
            freeze_id=freeze_id,
            request=FreezeRequest.from_json(item["request"]["S"]),
            created_at=datetime.fromisoformat(item["created_at"]["S"]),
            runs_done=int(item["runs_done"]["N"]) if "runs_done" in item else 0,
            runs_total=int(item["runs_total"]["N"]) if "runs_total" in item else None,
            version=item["version"]["S"] if "version" in item else None,
            created="created" in item and item["created"]["BOOL"],
            error_code=item["error_code"]["S"] if "error_code" in item else None,
            error=item["error"]["S"] if "error" in item else None,
        )

    def add(self, freeze: Freeze) -> None:
        self._table.put_item(
            Item={
                **_item_key(freeze.freeze_id),
                "request": {"S": freeze.request.to_json()},
                "created_at": {"S": freeze.created_at.isoformat()},
                "expires": format_epoch(freeze.created_at + _RETENTION),
            },
            ConditionExpression="attribute_not_exists(#pk)",
            ExpressionAttributeNames={"#pk": "pk"},
        )

    def set_progress(self, freeze_id: str, runs_done: int, runs_total: int) -> None:
        self._set(
            freeze_id,
            {"runs_done": {"N": str(runs_done)}, "runs_total": {"N": str(runs_total)}},
        )

    def finish(self, freeze_id: str, version: str, *, created: bool) -> None:
        self._set(freeze_id, {"version": {"S": version}, "created": {"BOOL": created}})

    def fail(self, freeze_id: str, code: str, message: str) -> None:
        self._set(freeze_id, {"error_code": {"S": code}, "error": {"S": message}})

    def remove(self, freeze_id: str) -> None:
        self._table.delete_item(Key=_item_key(freeze_id))

    def _set(self, freeze_id: str, attributes: dict[str, Any]) -> None:
        """Set attributes of a freeze that exists and has no result."""
        self._table.update_item(
            Key=_item_key(freeze_id),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ConditionExpression="attribute_exists(#pk) AND attribute_not_exists(#done)",
            ExpressionAttributeNames={"#pk": "pk", "#done": "version"}
            | {f"#{name}": name for name in attributes},
            ExpressionAttributeValues={f":{name}": each for name, each in attributes.items()},
        )


def _item_key(freeze_id: str) -> Item:
    return build_key("FREEZE", freeze_id)
