"""The run table in DynamoDB.

All runs share one partition, sorted by composition and number: one query lists them, or those of one composition, in the order
of the wire contract and with consistent reads. A partition takes some 1,000 writes a second, far above what an HPC is asked for.

    pk   "RUN"                          sub_runs               number set
    sk   "<nc>#<id_run, 9 digits>"      run_scheduled_at       ISO 8601, UTC
    claim_token                         sub_runs_scheduled_at  ISO 8601, UTC; absent until augmented
    claimants                           "<runs wanted> <tag>" of each caller who tried to get the run, in order (domain.claims)

Only atomic writes of single items are used, and a failed condition is followed by a read: the subset that other stores serve too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.domain.claims import Claimant, RunClaim, get_claimant_tag
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.runs import Run, RunKey

from .errors import error_code, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "RUN"
_SERVICE = "run table"


class DynamoRunRepository:
    """`usecases.ports.RunRepository` over one DynamoDB table with the keys `pk` and `sk` (both strings)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key: RunKey) -> Run | None:
        item = self._item(key)
        return _run(item) if item else None

    def list_runs(
        self,
        nc: NominalComposition | None = None,
        *,
        after: RunKey | None = None,
        limit: int | None = None,
    ) -> Iterator[Run]:
        return map(_run, self._items(nc, after, limit))

    def add(self, run: Run, claim_token: str, wanted: int = 1) -> bool:
        # One write for both results: a conditional write that fails leaves nothing behind, and callers who lose would need another
        # one to be on record.
        values: dict[str, Any] = {
            "nc": {"S": str(run.key.nc)},
            "id_run": {"N": str(run.key.id_run)},
            "sub_runs": {"NS": [str(sub_run) for sub_run in sorted(run.sub_runs)]},
            "run_scheduled_at": {"S": run.run_scheduled_at.isoformat()},
            "claim_token": {"S": claim_token},
        }
        unless_present = ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in values)
        with translate_errors(_SERVICE):
            answer = self._client.update_item(
                TableName=self._table,
                Key=_address(run.key),
                UpdateExpression=f"SET {unless_present}, #claimants = list_append(if_not_exists(#claimants, :none), :claimant)",
                ExpressionAttributeNames={f"#{name}": name for name in (*values, "claimants")},
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in values.items()},
                    ":none": {"L": []},
                    ":claimant": {"L": [{"S": f"{wanted} {get_claimant_tag(claim_token)}"}]},
                },
                ReturnValues="ALL_NEW",
            )
        return answer["Attributes"]["claim_token"]["S"] == claim_token

    def list_claims(
        self, nc: NominalComposition, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RunClaim]:
        return map(_claim, self._items(nc, RunKey(nc, after), limit))

    def reclaim(self, key: RunKey, claim_token: str, new_claim_token: str) -> bool:
        with translate_errors(_SERVICE):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_address(key),
                    UpdateExpression="SET #token = :new",
                    ConditionExpression="#token = :token",
                    ExpressionAttributeNames={"#token": "claim_token"},
                    ExpressionAttributeValues={
                        ":token": {"S": claim_token},
                        ":new": {"S": new_claim_token},
                    },
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                # The SDK repeats a write whose response was lost; the repetition then fails on our own token.
                found = self._item(key)
                return found is not None and found["claim_token"]["S"] == new_claim_token
        return True

    def remove(self, key: RunKey, claim_token: str) -> None:
        with translate_errors(_SERVICE):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=_address(key),
                    ConditionExpression="#token = :token AND attribute_not_exists(#at)",
                    ExpressionAttributeNames={
                        "#token": "claim_token",
                        "#at": "sub_runs_scheduled_at",
                    },
                    ExpressionAttributeValues={":token": {"S": claim_token}},
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    def add_sub_runs(self, key: RunKey, sub_runs: Iterable[int], at: datetime) -> Run | None:
        wanted = sorted(sub_runs)
        values: dict[str, Any] = {f":s{sub_run}": {"N": str(sub_run)} for sub_run in wanted}
        all_there = " AND ".join(f"contains(#sub_runs, {name})" for name in values)
        values |= {
            ":wanted": {"NS": [str(sub_run) for sub_run in wanted]},
            ":at": {"S": at.isoformat()},
        }
        with translate_errors(_SERVICE):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=_address(key),
                    # Adding to a set commutes, so no caller's sub-runs are lost; the time moves only when something was added.
                    UpdateExpression="ADD #sub_runs :wanted SET #at = :at",
                    ConditionExpression=f"attribute_exists(#pk) AND NOT ({all_there})",
                    ExpressionAttributeNames={
                        "#pk": "pk",
                        "#sub_runs": "sub_runs",
                        "#at": "sub_runs_scheduled_at",
                    },
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return self.get(key)
        return _run(answer["Attributes"])

    def ping(self) -> None:
        with translate_errors(_SERVICE):
            self._client.get_item(
                TableName=self._table, Key={"pk": {"S": "PING"}, "sk": {"S": "PING"}}
            )

    def _items(
        self, nc: NominalComposition | None, after: RunKey | None, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        # Sort keys end in nine digits, so "!" follows each key before the next one begins, and "~" follows them all.
        first = f"{_sort_key(after)}!" if after else f"{nc}#" if nc else "#"
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk"},
            "ExpressionAttributeValues": {
                ":pk": {"S": _PARTITION},
                ":first": {"S": first},
                ":last": {"S": f"{nc}#~" if nc else "~"},
            },
        }
        if limit is not None:
            query["Limit"] = limit
        return islice(self._queried(query), limit)

    def _queried(self, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        with translate_errors(_SERVICE):
            for page in self._client.get_paginator("query").paginate(**query):
                yield from page["Items"]

    def _item(self, key: RunKey) -> dict[str, Any] | None:
        with translate_errors(_SERVICE):
            answer = self._client.get_item(
                TableName=self._table, Key=_address(key), ConsistentRead=True
            )
        return answer.get("Item")


def _address(key: RunKey) -> dict[str, Any]:
    return {"pk": {"S": _PARTITION}, "sk": {"S": _sort_key(key)}}


def _sort_key(key: RunKey) -> str:
    return f"{key.nc}#{key.id_run:09d}"


def _claim(item: Mapping[str, Any]) -> RunClaim:
    entries = [entry["S"].split(" ") for entry in item.get("claimants", {"L": []})["L"]]
    return RunClaim(
        id_run=int(item["id_run"]["N"]),
        claimed_at=datetime.fromisoformat(item["run_scheduled_at"]["S"]),
        claim_token=item["claim_token"]["S"],
        claimants=tuple(Claimant(tag, int(wanted)) for wanted, tag in entries),
    )


def _run(item: Mapping[str, Any]) -> Run:
    augmented = item.get("sub_runs_scheduled_at")
    return Run(
        key=RunKey(NominalComposition(item["nc"]["S"]), int(item["id_run"]["N"])),
        sub_runs=frozenset(int(number) for number in item["sub_runs"]["NS"]),
        run_scheduled_at=datetime.fromisoformat(item["run_scheduled_at"]["S"]),
        sub_runs_scheduled_at=datetime.fromisoformat(augmented["S"]) if augmented else None,
    )
