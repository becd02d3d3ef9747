"""Least privilege, both ways.

Each function calls what its policy allows, and its policy allows what it calls, nothing else.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from obstore.exceptions import GenericError

from chalicelib.domain.errors import Unavailable
from chalicelib.lambda_handlers.authorizer import authorize
from chalicelib.lambda_handlers.build_archive import build_archive
from chalicelib.usecases.parallel_calls import wait_for_later_calls
from localdev.paths import ROOT
from tests.conftest import Aws
from tests.support.api import Api, serving
from tests.support.lambda_api import lambda_api
from tests.support.policies import Call, Recorder, grants, recording, unused

Store = Callable[..., None]
POLICIES = {
    "api": "policy-api.json",
    "builder": "policy-builder.json",
    "authorize": "policy-authorize.json",
}
FOLDER = "Al2/c/md/lammps/100/{}/2000/{}/"
BONDS = b"COHP#  atomMU  atomNU  distance  translation  ICOHP\n  1   Al1   Al2   2.50000   0   0   0   -1.00000\n"
RUN = "/v1/generate/Al2/1"
_DATASET = {
    "name": "glass",
    "title": "Glass",
    "where": {"outcome": "DONE,LOB_NOT_FINISHED_BUT_ICOHP_OK"},
    "allow_missing": True,
}


@pytest.fixture
def recorder(aws: Aws) -> Iterator[Recorder]:
    with pytest.MonkeyPatch.context() as patch:
        yield recording(patch, (aws.s3, aws.dynamodb))


@pytest.fixture
def orders(environment: dict[str, str]) -> Iterator[list[Any]]:
    """Return the build requests that the API submits."""
    ordered: list[Any] = []
    with lambda_api(ordered.append) as url:
        environment |= {"BUILDER_FUNCTION": "builder", "AWS_ENDPOINT_URL_LAMBDA": url}
        yield ordered


@pytest.fixture
def calls(
    environment: dict[str, str], orders: list[Any], store: Store, recorder: Recorder, aws: Aws
) -> dict[str, set[Call]]:
    """Record the calls of each function during all operations, including failing builds."""
    for run in range(1, 5):
        for sub_run in (0, 1):
            store(FOLDER.format(run, sub_run) + "ICOHPLIST.lobster", BONDS)
            store(
                FOLDER.format(run, sub_run) + "Al2.scf.out",
                b"convergence has been achieved in 3 iterations\n",
            )
    recorder.function = "api"
    with serving(environment | {"BUILD_INLINE_MAX_BYTES": str(2**40)}) as api:
        _everything(api)
        _lost_race(api, recorder, aws, environment["RUN_TABLE"])
        _build_at_the_second_try(recorder, store, 1, lambda: api.call("GET", f"{RUN}/0/download"))
        _damage_records(aws, environment["DATA_BUCKET"], "sha256")
        assert not api.get(f"{RUN}/0/download?include=*.out&verify=true")["cached"]
    _damage_records(aws, environment["DATA_BUCKET"], "crc32")
    with serving(environment | {"BUILD_INLINE_MAX_BYTES": "0"}) as api:
        assert api.call("POST", "/v1/datasets", _DATASET).status_code == 202
        for path in (
            f"{RUN}/download?include=*.out&sub_runs=0",
            f"{RUN}/1/download?include=*.out",
            "/v1/generate/Al2/2/0/download",
        ):
            assert api.call("GET", path).status_code == 202
    recorder.function = "builder"
    with serving(environment):
        recorder.watch = lambda name, arguments: _lose_response(aws, name, arguments)
        for order in orders:
            build_archive(order, None)
        recorder.watch = lambda name, arguments: None
        _build_at_the_second_try(recorder, store, 2, lambda: build_archive(orders[-1], None))
    recorder.function = "api"
    with serving(environment) as api:
        _use_the_dataset(api)
    recorder.function = "authorize"
    with serving(environment):
        authorize(
            {
                "type": "TOKEN",
                "authorizationToken": f"Bearer dataops_{'a' * 12}_{'A' * 43}",
                "methodArn": "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/api/GET/v1/compositions",
            },
            None,
        )
    return recorder.calls


def _everything(api: Api) -> None:
    for _ in range(2):
        api.post("/v1/generate/Al2", headers={"Idempotency-Key": "one"})
    api.post("/v1/generate/Al2")
    api.problem("POST", "/v1/generate/Al2", {"count": 3})
    api.post(f"{RUN}/augment", {"sub_runs": ["1"]})
    for path in ("/health", "/v1/compositions", "/v1/dataset-info", "/v1/generate/available"):
        api.get(path)
    for path in ("/v1/summary", "/v1/sub-runs"):
        api.get(path)
    for path in (f"{RUN}/status", f"{RUN}/manifest", f"{RUN}/0/manifest"):
        api.get(path)
    for path in (
        f"{RUN}/0/download?include=*.out",
        f"{RUN}/download?include=*.out",
        f"{RUN}/0/bonds",
        f"{RUN}/0/files/Al2.scf.out",
    ):
        api.get(path)


def _lose_response(aws: Aws, name: str, arguments: Any) -> None:
    """Store a version before the builder does: to the builder its first write looks lost."""
    if name == "PutItem" and arguments["Item"]["pk"]["S"] == "DATASET":
        aws.dynamodb.put_item(TableName=arguments["TableName"], Item=arguments["Item"])


def _use_the_dataset(api: Api) -> None:
    """Make all calls about a version that the builder has created, and freeze without success."""
    assert api.call("POST", "/v1/datasets", _DATASET).status_code == 201
    path = "/v1/datasets/glass/1.0.0"
    for document in ("manifest", "selection", "download", "diff/latest"):
        assert api.call("GET", f"{path}/{document}").status_code == 200
    body = {"kind": "withdrawn", "reason": "test", "sub_runs": ["Al2/1/0"]}
    assert api.call("POST", f"{path}/advisories", body).status_code == 201
    assert api.call("DELETE", f"{path}?reason=test").status_code == 200


def _lost_race(api: Api, recorder: Recorder, aws: Aws, table: str) -> None:
    """Take the second of the last two runs, so that the first must be released."""
    claimed: list[Any] = []

    def take_the_second(name: str, arguments: Any) -> None:
        if name == "UpdateItem" and arguments["Key"]["pk"]["S"] == "RUN":
            claimed.append(arguments["Key"])
            if len(claimed) == 2:
                values = arguments["ExpressionAttributeValues"]
                fields = {
                    field: values[f":{field}"]
                    for field in ("nc", "id_run", "sub_runs", "run_scheduled_at")
                }
                aws.dynamodb.put_item(
                    TableName=table,
                    Item=claimed[1] | fields | {"claim_token": {"S": "another caller"}},
                )

    recorder.watch = take_the_second
    assert api.problem("POST", "/v1/generate/Al2", {"count": 2})["code"] == "nothing_available"
    recorder.watch = lambda name, arguments: None


def _damage_records(aws: Aws, bucket: str, field: str) -> None:
    """Change a field of every stored record.

    To the service it looks as if the archives were damaged.
    """
    for stored in aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/")["Contents"]:
        if stored["Key"].endswith(".json") and not stored["Key"].endswith(".bonds.json"):
            record = json.loads(aws.s3.get_object(Bucket=bucket, Key=stored["Key"])["Body"].read())
            if field == "sha256":
                record["sha256"] = "0" * 64
            for file in record["files"] if field == "crc32" else ():
                file["crc32"] ^= 1
            aws.s3.put_object(Bucket=bucket, Key=stored["Key"], Body=json.dumps(record).encode())


def _build_at_the_second_try(
    recorder: Recorder, store: Store, run: int, build: Callable[[], Any]
) -> None:
    """Refuse the upload of a build: its lease contains the reason, the next build lists uploads."""
    store(FOLDER.format(run, 0) + "big", random.Random(run).randbytes(20 * 2**20))

    def refuse(name: str, arguments: Any) -> None:
        if name == "MultipartUpload":
            raise GenericError("slow down")

    recorder.watch = refuse
    with suppress(Unavailable):  # the API responds with 503
        assert build().status_code == 503
    recorder.watch = lambda name, arguments: None
    build()
    wait_for_later_calls()


@pytest.mark.parametrize("function", POLICIES)
def test_every_call_is_allowed(calls: dict[str, set[Call]], function: str) -> None:
    allowed = grants(ROOT / ".chalice" / POLICIES[function])
    assert [
        call for call in calls[function] if not any(grant.allows(call) for grant in allowed)
    ] == []


@pytest.mark.parametrize("function", POLICIES)
def test_nothing_is_allowed_that_is_not_called(calls: dict[str, set[Call]], function: str) -> None:
    allowed = grants(ROOT / ".chalice" / POLICIES[function])
    assert [
        (grant.sid, grant.action, keys)
        for grant in allowed
        if (keys := unused(grant, calls[function]))
    ] == []
