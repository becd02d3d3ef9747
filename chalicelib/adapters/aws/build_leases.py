"""Build leases in the run table: who builds which archive, and until when.

    pk, sk                    "BUILD", archive key
    holder                    id of the builder
    started_at, expires_at    ISO 8601, UTC, microseconds: they compare as text
    expires                   epoch seconds, for the TTL of the table: one day after expires_at
    bytes_done                size of the files that are packed, as of the last renewal
    error                     the cause, after the build has failed

A lease only saves work. An archive is committed by its record in the bucket, so a lost response of
the run table is harmless here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.builds import BuildLease
from chalicelib.usecases.metrics import METRICS, Metric

from .dynamo import DynamoTable, Item, build_key, format_epoch, format_time

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RETENTION = timedelta(days=1)
_EXPIRY_NAMES = {"#expires_at": "expires_at", "#expires": "expires"}


class DynamoBuildLeases:
    """Implements `usecases.build_ports.BuildLeases`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def get(self, archive_key: str) -> BuildLease | None:
        item = self._table.get_item(_item_key(archive_key))
        if item is None:
            return None
        return BuildLease(
            holder=item["holder"]["S"],
            started_at=datetime.fromisoformat(item["started_at"]["S"]),
            expires_at=datetime.fromisoformat(item["expires_at"]["S"]),
            error=item["error"]["S"] if "error" in item else None,
            bytes_done=int(item["bytes_done"]["N"]) if "bytes_done" in item else 0,
        )

    def acquire(
        self,
        archive_key: str,
        holder: str,
        now: datetime,
        expires_at: datetime,
        *,
        queued_by: str | None = None,
    ) -> bool:
        response = self._update(
            archive_key,
            "SET #holder = :holder, #started = if_not_exists(#started, :now), "
            "#expires_at = :expires_at, #expires = :expires REMOVE #error, #bytes_done",
            "attribute_not_exists(#pk) OR attribute_exists(#error) OR #expires_at <= :now "
            "OR #holder IN (:holder, :queued_by)",
            names={
                "#pk": "pk",
                "#holder": "holder",
                "#started": "started_at",
                "#error": "error",
                "#bytes_done": "bytes_done",
                **_EXPIRY_NAMES,
            },
            values={
                ":holder": {"S": holder},
                ":queued_by": {"S": queued_by or holder},
                ":now": {"S": format_time(now)},
                **_expiry_values(expires_at),
            },
        )
        if response is None:
            return False
        before = response.get("Attributes", {})
        if "error" not in before and before.get("holder", {}).get("S") not in (
            None,
            holder,
            queued_by,
        ):
            METRICS.add(Metric.LEASE_TAKEOVERS)
        return True

    def renew(self, archive_key: str, holder: str, expires_at: datetime, bytes_done: int) -> bool:
        response = self._update(
            archive_key,
            "SET #expires_at = :expires_at, #expires = :expires, #bytes_done = :bytes_done",
            "#holder = :holder",
            names={"#holder": "holder", "#bytes_done": "bytes_done", **_EXPIRY_NAMES},
            values={
                ":holder": {"S": holder},
                ":bytes_done": {"N": str(bytes_done)},
                **_expiry_values(expires_at),
            },
        )
        return response is not None

    def release(self, archive_key: str, holder: str) -> None:
        self._table.delete_item(
            Key=_item_key(archive_key),
            ConditionExpression="#holder = :holder",
            ExpressionAttributeNames={"#holder": "holder"},
            ExpressionAttributeValues={":holder": {"S": holder}},
        )

    def mark_failed(self, archive_key: str, holder: str, error: str) -> None:
        self._update(
            archive_key,
            "SET #error = :error",
            "#holder = :holder",
            names={"#holder": "holder", "#error": "error"},
            values={":holder": {"S": holder}, ":error": {"S": error}},
        )

    def _update(
        self,
        archive_key: str,
        update: str,
        condition: str,
        *,
        names: dict[str, str],
        values: dict[str, Any],
    ) -> Item | None:
        """Update a lease.

        Return the response with the previous values, or None if the condition is not met.
        """
        return self._table.update_item(
            Key=_item_key(archive_key),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_OLD",
        )


def _expiry_values(expires_at: datetime) -> Item:
    return {
        ":expires_at": {"S": format_time(expires_at)},
        ":expires": format_epoch(expires_at + _RETENTION),
    }


def _item_key(archive_key: str) -> Item:
    return build_key("BUILD", archive_key)
