"""Versions of datasets in the run table.

    pk, sk           "DATASET", "<name>#<sequence, 6 digits>"
    version          JSON: all that never changes
    advisories       map: id of an advisory -> JSON
    doi              missing until a DOI is recorded
    deleted_at       ISO 8601, UTC; missing unless the version is deleted
    reason           the reason of the deletion

The write of an item commits a version. A caller chooses its content and its number after it has
read all earlier items of the dataset, and its sequence follows theirs: if another caller was
faster, the write fails. No item has a TTL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.datasets import Advisory, DatasetVersion, Deletion

from .dynamo import DynamoTable, Item, build_key
from .stored_datasets import decode_advisory, decode_version, encode_advisory, encode_version

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "DATASET"
_ADVISORY_ID_LENGTH = 16


class DynamoDatasetRepository:
    """Implements `usecases.dataset_ports.DatasetRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def list_versions(
        self, name: str | None = None, *, after: str | None = None
    ) -> Iterator[DatasetVersion]:
        # Names end with "#": "~" sorts after all their sequences.
        first = f"{after}#~" if after else f"{name}#" if name else "#"
        items = self._table.query(
            KeyConditionExpression="#pk = :pk AND #sk BETWEEN :first AND :last",
            ExpressionAttributeNames={"#pk": "pk", "#sk": "sk"},
            ExpressionAttributeValues={
                ":pk": {"S": _PARTITION},
                ":first": {"S": first},
                ":last": {"S": f"{name}#~" if name else "~"},
            },
        )
        return map(_parse_version, items)

    def add(self, version: DatasetVersion) -> bool:
        content = {"S": encode_version(version)}
        response = self._table.put_item(
            Item={**_item_key(version), "version": content, "advisories": {"M": {}}},
            ConditionExpression="attribute_not_exists(#pk)",
            ExpressionAttributeNames={"#pk": "pk"},
        )
        if response is not None:
            return True
        # The SDK repeats a write whose response was lost. The condition then fails although this
        # version is stored.
        item = self._table.get_item(_item_key(version))
        return item is not None and item["version"] == content

    def add_advisory(self, version: DatasetVersion, advisory: Advisory) -> bool:
        stored = {"S": encode_advisory(advisory)}
        response = self._update(
            version,
            "SET #advisories.#id = if_not_exists(#advisories.#id, :advisory)",
            "attribute_exists(#pk)",
            {"#pk": "pk", "#advisories": "advisories", "#id": _get_advisory_id(advisory)},
            {":advisory": stored},
        )
        if response is None:
            return False
        advisories = response["Attributes"]["advisories"]["M"]
        return bool(advisories[_get_advisory_id(advisory)] == stored)

    def set_doi(self, version: DatasetVersion, doi: str) -> bool:
        response = self._update(
            version,
            "SET #doi = :doi",
            "attribute_exists(#pk) AND attribute_not_exists(#deleted) "
            "AND (attribute_not_exists(#doi) OR #doi = :doi)",
            {"#pk": "pk", "#doi": "doi", "#deleted": "deleted_at"},
            {":doi": {"S": doi}},
        )
        return response is not None

    def delete(self, version: DatasetVersion, deletion: Deletion) -> bool:
        response = self._update(
            version,
            "SET #deleted = if_not_exists(#deleted, :at), "
            "#reason = if_not_exists(#reason, :reason)",
            "attribute_exists(#pk) AND attribute_not_exists(#doi)",
            {"#pk": "pk", "#doi": "doi", "#deleted": "deleted_at", "#reason": "reason"},
            {":at": {"S": deletion.deleted_at.isoformat()}, ":reason": {"S": deletion.reason}},
        )
        return response is not None

    def _update(
        self,
        version: DatasetVersion,
        update: str,
        condition: str,
        names: dict[str, str],
        values: dict[str, Any],
    ) -> Item | None:
        """Update a version.

        Return the response with all attributes, or None if the condition is not met.
        """
        return self._table.update_item(
            Key=_item_key(version),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )


def _get_advisory_id(advisory: Advisory) -> str:
    """Return an id that does not depend on the time, so that a repeated request adds nothing."""
    content = (str(advisory.kind), advisory.reason, advisory.sub_runs, advisory.superseded_by)
    return hashlib.sha256(repr(content).encode()).hexdigest()[:_ADVISORY_ID_LENGTH]


def _item_key(version: DatasetVersion) -> Item:
    return build_key(_PARTITION, f"{version.name}#{version.sequence:06d}")


def _parse_version(item: Item) -> DatasetVersion:
    advisories = [decode_advisory(each["S"]) for each in item["advisories"]["M"].values()]
    deletion = None
    if "deleted_at" in item:
        deletion = Deletion(item["reason"]["S"], datetime.fromisoformat(item["deleted_at"]["S"]))
    return replace(
        decode_version(item["version"]["S"]),
        doi=item["doi"]["S"] if "doi" in item else None,
        advisories=tuple(sorted(advisories, key=lambda advisory: advisory.created_at)),
        deletion=deletion,
    )
