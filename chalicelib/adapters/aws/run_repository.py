"""Runs in the run table.

    pk, sk                   "RUN", "<nc>#<id_run, 9 digits>"
    sub_runs                 number set
    run_scheduled_at         ISO 8601, UTC
    sub_runs_scheduled_at    ISO 8601, UTC; missing until the run is augmented
    claim_token              string
    claimants                "<number of runs> <tag>" of each caller that tried to claim the run, in
                             order (domain.run_claims)

All runs share one partition, sorted by composition and number. A single consistent query lists all
runs, or those of a composition, in the order of the API. A partition accepts about 1,000 writes per
second, far more than an HPC cluster needs.

Writes are atomic writes of single items, and a failed condition is followed by a read. Other stores
support this subset as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.run_claims import Claimant, RunClaim, get_claimant_tag
from chalicelib.domain.runs import Run, RunKey

from .dynamo import DynamoTable, Item, build_key
from .run_cache import RunCache

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "RUN"


class DynamoRunRepository:
    """Implements `usecases.ports.RunRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)
        self._cache = RunCache()

    def get(self, key: RunKey, *, containing: Collection[int] | None = None) -> Run | None:
        if containing is not None and (run := self._cache.get(key, containing)):
            return run
        item = self._table.get_item(_item_key(key))
        if item is None:
            return None
        run = _parse_run(item)
        self._cache.add(run)
        return run

    def list_runs(
        self,
        nc: NominalComposition | None = None,
        *,
        after: RunKey | None = None,
        limit: int | None = None,
    ) -> Iterator[Run]:
        return map(_parse_run, self._query(nc, after, limit))

    def add(self, run: Run, claim_token: str, wanted: int = 1) -> bool:
        # An unconditional write: a failed conditional write would store nothing, and callers that
        # lose need a second write to be recorded as claimants.
        values: dict[str, Any] = {
            "nc": {"S": str(run.key.nc)},
            "id_run": {"N": str(run.key.id_run)},
            "sub_runs": {"NS": [str(sub_run) for sub_run in sorted(run.sub_runs)]},
            "run_scheduled_at": {"S": run.run_scheduled_at.isoformat()},
            "claim_token": {"S": claim_token},
        }
        unless_present = ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in values)
        response = self._table.update_item(
            Key=_item_key(run.key),
            UpdateExpression=f"SET {unless_present}, "
            "#claimants = list_append(if_not_exists(#claimants, :none), :claimant)",
            ExpressionAttributeNames={f"#{name}": name for name in (*values, "claimants")},
            ExpressionAttributeValues={
                **{f":{name}": value for name, value in values.items()},
                ":none": {"L": []},
                ":claimant": {"L": [{"S": f"{wanted} {get_claimant_tag(claim_token)}"}]},
            },
            ReturnValues="ALL_NEW",
        )
        return response is not None and response["Attributes"]["claim_token"]["S"] == claim_token

    def list_claims(
        self, nc: NominalComposition, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RunClaim]:
        return map(_parse_claim, self._query(nc, RunKey(nc, after), limit))

    def reclaim(self, key: RunKey, claim_token: str, new_claim_token: str) -> bool:
        response = self._table.update_item(
            Key=_item_key(key),
            UpdateExpression="SET #token = :new",
            ConditionExpression="#token = :token",
            ExpressionAttributeNames={"#token": "claim_token"},
            ExpressionAttributeValues={
                ":token": {"S": claim_token},
                ":new": {"S": new_claim_token},
            },
        )
        if response is not None:
            return True
        # The SDK repeats a write whose response was lost. The condition then fails although the new
        # token is stored.
        item = self._table.get_item(_item_key(key))
        return item is not None and item["claim_token"]["S"] == new_claim_token

    def remove(self, key: RunKey, claim_token: str) -> None:
        self._table.delete_item(
            Key=_item_key(key),
            ConditionExpression="#token = :token AND attribute_not_exists(#at)",
            ExpressionAttributeNames={"#token": "claim_token", "#at": "sub_runs_scheduled_at"},
            ExpressionAttributeValues={":token": {"S": claim_token}},
        )

    def add_sub_runs(self, key: RunKey, sub_runs: Iterable[int], at: datetime) -> Run | None:
        wanted = sorted(sub_runs)
        values: dict[str, Any] = {f":s{sub_run}": {"N": str(sub_run)} for sub_run in wanted}
        all_present = " AND ".join(f"contains(#sub_runs, {name})" for name in values)
        values |= {
            ":wanted": {"NS": [str(sub_run) for sub_run in wanted]},
            ":at": {"S": at.isoformat()},
        }
        response = self._table.update_item(
            Key=_item_key(key),
            # Adding to a set is commutative, so concurrent writers lose no sub-runs. The time
            # changes only if a sub-run is added.
            UpdateExpression="ADD #sub_runs :wanted SET #at = :at",
            ConditionExpression=f"attribute_exists(#pk) AND NOT ({all_present})",
            ExpressionAttributeNames={
                "#pk": "pk",
                "#sub_runs": "sub_runs",
                "#at": "sub_runs_scheduled_at",
            },
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
        return self.get(key) if response is None else _parse_run(response["Attributes"])

    def ping(self) -> None:
        self._table.get_item(build_key("PING", "PING"), consistent=False)

    def _query(
        self, nc: NominalComposition | None, after: RunKey | None, limit: int | None
    ) -> Iterator[Item]:
        # Sort keys end in nine digits: "!" sorts after a key and before the next one, "~" after
        # all.
        first = f"{format_sort_key(after)}!" if after else f"{nc}#" if nc else "#"
        query: dict[str, Any] = {
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
        return islice(self._table.query(**query), limit)


def format_sort_key(key: RunKey) -> str:
    """Return the sort key of a run."""
    return f"{key.nc}#{key.id_run:09d}"


def _item_key(key: RunKey) -> Item:
    return build_key(_PARTITION, format_sort_key(key))


def _parse_claim(item: Item) -> RunClaim:
    entries = [entry["S"].split(" ") for entry in item.get("claimants", {"L": []})["L"]]
    return RunClaim(
        id_run=int(item["id_run"]["N"]),
        claimed_at=datetime.fromisoformat(item["run_scheduled_at"]["S"]),
        claim_token=item["claim_token"]["S"],
        claimants=tuple(Claimant(tag, int(wanted)) for wanted, tag in entries),
    )


def _parse_run(item: Item) -> Run:
    augmented = item.get("sub_runs_scheduled_at")
    return Run(
        key=RunKey(NominalComposition(item["nc"]["S"]), int(item["id_run"]["N"])),
        sub_runs=frozenset(int(number) for number in item["sub_runs"]["NS"]),
        run_scheduled_at=datetime.fromisoformat(item["run_scheduled_at"]["S"]),
        sub_runs_scheduled_at=datetime.fromisoformat(augmented["S"]) if augmented else None,
    )
