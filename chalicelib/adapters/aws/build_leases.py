"""Build leases in the run table: who builds which archive, and until when.

    pk, sk   "BUILD", archive key       holder       token of the builder
    started_at, expires_at (ISO 8601)   expires      epoch seconds, for the table's TTL: a day after
    error    how the build ended, once it failed

The lease saves work; it is not what makes an archive true (its record in the bucket is), so a lost answer here is harmless.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.domain.builds import BuildLease

from .errors import error_code, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SERVICE = "run table"
_KEPT = timedelta(days=1)


class DynamoBuildLeases:
    """`usecases.ports.BuildLeases` in the table of `DynamoRunRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, archive_key: str) -> BuildLease | None:
        with translate_errors(_SERVICE):
            item = self._client.get_item(
                TableName=self._table, Key=_address(archive_key), ConsistentRead=True
            ).get("Item")
        if item is None:
            return None
        return BuildLease(
            holder=item["holder"]["S"],
            started_at=datetime.fromisoformat(item["started_at"]["S"]),
            expires_at=datetime.fromisoformat(item["expires_at"]["S"]),
            error=item["error"]["S"] if "error" in item else None,
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
        # Times are in UTC and of one format, so that they compare as text.
        return self._change(
            archive_key,
            "SET #holder = :holder, #started = if_not_exists(#started, :now), #expires_at = :expires_at, #expires = :expires REMOVE #error",
            "attribute_not_exists(#pk) OR attribute_exists(#error) OR #expires_at <= :now OR #holder IN (:holder, :queued_by)",
            names={
                "#pk": "pk",
                "#holder": "holder",
                "#started": "started_at",
                "#error": "error",
                **_EXPIRY_NAMES,
            },
            values={
                ":holder": {"S": holder},
                ":queued_by": {"S": queued_by or holder},
                ":now": {"S": _text(now)},
                **_expiry(expires_at),
            },
        )

    def renew(self, archive_key: str, holder: str, expires_at: datetime) -> bool:
        return self._change(
            archive_key,
            "SET #expires_at = :expires_at, #expires = :expires",
            "#holder = :holder",
            names={"#holder": "holder", **_EXPIRY_NAMES},
            values={":holder": {"S": holder}, **_expiry(expires_at)},
        )

    def release(self, archive_key: str, holder: str) -> None:
        with translate_errors(_SERVICE):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=_address(archive_key),
                    ConditionExpression="#holder = :holder",
                    ExpressionAttributeNames={"#holder": "holder"},
                    ExpressionAttributeValues={":holder": {"S": holder}},
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    def mark_failed(self, archive_key: str, holder: str, error: str) -> None:
        self._change(
            archive_key,
            "SET #error = :error",
            "#holder = :holder",
            names={"#holder": "holder", "#error": "error"},
            values={":holder": {"S": holder}, ":error": {"S": error}},
        )

    def _change(
        self,
        archive_key: str,
        update: str,
        condition: str,
        *,
        names: dict[str, str],
        values: dict[str, Any],
    ) -> bool:
        with translate_errors(_SERVICE):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_address(archive_key),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True


_EXPIRY_NAMES = {"#expires_at": "expires_at", "#expires": "expires"}


def _expiry(expires_at: datetime) -> dict[str, Any]:
    return {
        ":expires_at": {"S": _text(expires_at)},
        ":expires": {"N": str(int((expires_at + _KEPT).timestamp()))},
    }


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")


def _address(archive_key: str) -> dict[str, Any]:
    return {"pk": {"S": "BUILD"}, "sk": {"S": archive_key}}
