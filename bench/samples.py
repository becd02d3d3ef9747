"""Small synthetic runs in table and bucket, with which growth, load and memory are measured."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.run_repository import format_sort_key
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.run_claims import get_claimant_tag
from chalicelib.domain.runs import REFERENCE_SUB_RUN, Run, RunKey

from .service import PARTITION, TABLE, Stores

_BATCH = 25


def write_runs(stores: Stores, nc: str, count: int, files: int = 1) -> None:
    """Write runs 1 to `count` to the bucket, with a few bytes in each file of sub-run 0."""
    stores.write_objects(
        {
            f"{get_folder(nc, id_run)}{name}": b"JOB DONE."
            for id_run in range(1, count + 1)
            for name in [f"{nc}.scf.out", *(f"file-{number}.txt" for number in range(1, files))]
        }
    )


def write_large_runs(stores: Stores, nc: str, count: int, size_bytes: int) -> None:
    """Write runs with one file that cannot be compressed."""
    content = os.urandom(size_bytes)
    stores.write_objects(
        {f"{get_folder(nc, id_run)}{nc}.scf.out": content for id_run in range(1, count + 1)}
    )


def schedule_runs(
    stores: Stores, nc: str, id_runs: Sequence[int], age: timedelta = timedelta(hours=1)
) -> None:
    """Write runs to the run table as if they had been scheduled an hour ago.

    The first is written by the API's repository and the others are copies of its item, because
    single writes to DynamoDB Local take 10 ms.
    """
    at = datetime.now(UTC) - age
    first = RunKey(NominalComposition(nc), id_runs[0])
    stores.runs.add(Run(first, frozenset({REFERENCE_SUB_RUN}), at), uuid.uuid4().hex)
    key = {"pk": {"S": PARTITION}, "sk": {"S": format_sort_key(first)}}
    item = stores.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]

    def copy(id_run: int) -> dict[str, Any]:
        token = uuid.uuid4().hex
        return item | {
            "sk": {"S": format_sort_key(RunKey(first.nc, id_run))},
            "id_run": {"N": str(id_run)},
            "claim_token": {"S": token},
            "claimants": {"L": [{"S": f"1 {get_claimant_tag(token)}"}]},
        }

    for begin in range(1, len(id_runs), _BATCH):
        puts = [{"PutRequest": {"Item": copy(number)}} for number in id_runs[begin:][:_BATCH]]
        stores.dynamodb.batch_write_item(RequestItems={TABLE: puts})  # type: ignore[dict-item]


def get_folder(nc: str, id_run: int) -> str:
    """Return the folder of sub-run 0."""
    return f"{nc}/c/md/lammps/100/{id_run}/2000/0/"
