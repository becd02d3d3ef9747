"""Every use case while the stores drop, delay, refuse, cut and forget: the right answer or a 503, and nothing that is half done.

SCENARIOS=2000 pytest tests/chaos      how many, in groups of twenty (default 100)
SEED=1234 pytest tests/chaos           that one alone
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import time
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.retries.standard
import pytest
from chalice.test import HTTPResponse

from chalicelib import bootstrap
from chalicelib.adapters.aws import clients
from chalicelib.adapters.aws import retry_deadline as patience
from chalicelib.bootstrap import Services
from tests.conftest import Aws
from tests.support.api import Api, serving
from tests.support.fault_proxy import Faults, fault_proxy

_GROUP = 20
_SEEDS = (
    [int(os.environ["SEED"])]
    if os.environ.get("SEED")
    else list(range(int(os.environ.get("SCENARIOS") or 100)))
)
_GROUPS = [_SEEDS[start : start + _GROUP] for start in range(0, len(_SEEDS), _GROUP)]
_PATIENCE = 60
"""How often what failed is tried again once the faults have ended: far more than is ever needed."""


class QuickClock:
    """Time that passes while somebody waits: leases and polls end without anybody waiting for them."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        time.sleep(0.002)  # lets the builder's thread work


@dataclass
class World:
    """A composition of its own with two runs in the bucket, what is in their files, and what callers were answered."""

    api: Api
    aws: Aws
    bucket: str
    nc: str
    files: dict[str, dict[str, bytes]]
    scheduled: list[str] = field(default_factory=list)
    by_key: dict[str, list[str]] = field(default_factory=dict)
    augmented: bool = False

    def path(self, rest: str = "") -> str:
        return f"/v1/generate/{self.nc}{rest}"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore tries again at once, and gives up soon: what it does stays, how long it waits goes."""
    monkeypatch.setattr(
        botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0
    )
    monkeypatch.setattr(clients, "_READ_SECONDS", 0.5)
    monkeypatch.setattr(clients, "_WRITE_SECONDS", 2)
    monkeypatch.setattr(patience, "_LAST_START_SECONDS", 0.6)


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="module")
def proxied(aws_environment: dict[str, str], faults: Faults) -> Iterator[dict[str, str]]:
    """The environment where everything goes through the proxies, but for the links."""
    s3, dynamodb = (
        aws_environment["AWS_ENDPOINT_URL_S3"],
        aws_environment["AWS_ENDPOINT_URL_DYNAMODB"],
    )
    with fault_proxy(s3, faults) as s3_proxy, fault_proxy(dynamodb, faults) as dynamodb_proxy:
        yield aws_environment | {
            "AWS_ENDPOINT_URL_S3": s3_proxy, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_proxy, "S3_PUBLIC_ENDPOINT": s3
        }  # fmt: skip


@pytest.mark.parametrize("seeds", _GROUPS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_whatever_fails_nothing_is_wrong_lost_or_half_done(
    seeds: list[int], faults: Faults, proxied: dict[str, str], aws: Aws, bucket: str, table: str
) -> None:
    environment = proxied | {
        "RUN_TABLE": table,
        "DATA_BUCKET": bucket,
        "JOB_RUN_TIME_SECONDS": "300",
    }
    with serving(environment) as api:
        made = _in_quick_time(bootstrap.services())
        in_background = replace(made, archives=replace(made.archives, inline_max_bytes=0))
        for seed in seeds:
            deps = in_background if seed % 4 == 3 else made
            try:
                with bootstrap.override_services(deps):
                    _scenario(_world(api, aws, bucket, seed), faults, seed)
            except BaseException as error:
                error.add_note(f"SEED={seed}, {dict(faults.seen)}")
                raise


def _in_quick_time(made: Services) -> Services:
    clock = QuickClock()
    return replace(made, clock=clock, archives=replace(made.archives, clock=clock))


def _world(api: Api, aws: Aws, bucket: str, seed: int) -> World:
    chance = random.Random(seed)
    nc = f"Al{seed % 900 + 2}" + (f"Cu{seed // 900}" if seed >= 900 else "")
    large = (
        chance.randbytes(9_000_000)
        if seed % _GROUP == 0
        else b"convergence has been achieved in 7 iterations\n"
    )
    bonds = b"COHP#  atomMU  atomNU  distance  translation  ICOHP\n  1   Al1   Al2   2.50000   0   0   0   -1.00000\n"
    files = {
        "1/0": {f"{nc}.scf.out": large, "ICOHPLIST.lobster": bonds},
        "1/3": {f"{nc}.scf.in": b"input %d" % seed},
        "2/0": {f"{nc}.scf.in": b"second run"},
    }
    for place, contents in files.items():
        for name, content in contents.items():
            id_run, sub_run = place.split("/")
            aws.s3.put_object(
                Bucket=bucket,
                Key=f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}/{name}",
                Body=content,
            )
    return World(api, aws, bucket, nc, files)


def _scenario(world: World, faults: Faults, seed: int) -> None:
    chance = random.Random(seed)
    actions = [
        _schedule,
        _schedule_with_key,
        _augment,
        _status,
        _available,
        _manifest,
        _download,
        _download_run,
        _bonds,
        _files,
    ]
    actions += [_compositions, _download, _download_run]
    chosen = [_schedule, *chance.choices(actions, k=chance.randint(2, 5))]
    faults.start(
        seed, chance.choice((0.05, 0.15, 0.3, 0.6)), stalls=1 if chance.random() < 0.15 else 0
    )
    try:
        for action in chosen:
            if chance.random() < 0.25:  # two callers at once
                with ThreadPoolExecutor(2) as pool:
                    for done in [pool.submit(action, world), pool.submit(action, world)]:
                        done.result()
            else:
                action(world)
    finally:
        faults.rate = 0.0
    _check(world)


def _ask(
    world: World, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> Any:
    """The JSON of what was asked for; None for a refusal that the contract knows, here as a whole."""
    answer = world.api.call(method, path, body, headers=headers)
    if answer.status_code in (200, 202):
        return json.loads(answer.body) | {"status_code": answer.status_code}
    _assert_refusal(answer)
    return None


def _assert_refusal(answer: HTTPResponse) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json", (
        answer.status_code,
        answer.body,
    )
    problem = json.loads(answer.body)
    # Not there, or not scheduled: what an action before this one did not achieve.
    assert answer.status_code in (404, 409, 503), problem
    if answer.status_code == 503 or problem["code"] == "request_in_flight":
        assert int(answer.headers["Retry-After"]) > 0


def _schedule(world: World) -> None:
    if answer := _ask(world, "POST", world.path()):
        world.scheduled.append(answer["id_run"])


def _schedule_with_key(world: World) -> None:
    key = world.nc
    if answer := _ask(world, "POST", world.path(), headers={"Idempotency-Key": key}):
        world.by_key.setdefault(key, []).append(answer["id_run"])


def _augment(world: World) -> None:
    if _ask(world, "POST", world.path("/1/augment"), {"sub_runs": ["3"]}):
        world.augmented = True


def _status(world: World) -> None:
    augmented = world.augmented
    if answer := _ask(world, "GET", world.path("/1/status")):
        assert answer["id_run"] == "1"
        assert not augmented or "3" in answer["sub_runs"]


def _available(world: World) -> None:
    known = {*world.scheduled}
    if (answer := _ask(world, "GET", f"/v1/generate/available?nc={world.nc}")) is not None:
        assert known <= {run["id_run"] for run in answer.get(world.nc, [])}


def _manifest(world: World) -> None:
    if answer := _ask(world, "GET", world.path("/1/0/manifest")):
        assert {file["name"]: file["size_bytes"] for file in answer["files"]} == {
            name: len(content) for name, content in world.files["1/0"].items()
        }


def _download(world: World) -> None:
    answer = _ask(world, "GET", world.path("/1/0/download"))
    if answer and answer["status_code"] == 200:
        assert _unzipped(answer) == world.files["1/0"]


def _download_run(world: World) -> None:
    answer = _ask(world, "GET", world.path("/1/download"))
    if answer and answer["status_code"] == 200:
        _assert_run(world, _unzipped(answer))


def _bonds(world: World) -> None:
    if answer := _ask(world, "GET", world.path("/1/0/bonds")):
        assert [bond["icohp"] for bond in answer["bonds"]] == [1.0]


def _files(world: World) -> None:
    if answer := _ask(world, "GET", world.path("/1/0/files/ICOHPLIST.lobster")):
        with urllib.request.urlopen(answer["download_url"]) as content:
            assert content.read() == world.files["1/0"]["ICOHPLIST.lobster"]


def _compositions(world: World) -> None:
    if answer := _ask(world, "GET", "/v1/compositions"):
        assert world.nc in answer["compositions"]


def _unzipped(link: dict[str, Any]) -> dict[str, bytes]:
    with urllib.request.urlopen(link["download_url"]) as answer:
        content = answer.read()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (
        link["size_bytes"],
        link["sha256"],
    )
    return _members(content)


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if name != "ro-crate-metadata.json"
        }


def _assert_run(world: World, files: dict[str, bytes]) -> None:
    """A run's archive holds the sub-runs that were scheduled when it was asked for."""
    first = {f"0/{name}": content for name, content in world.files["1/0"].items()}
    both = first | {f"3/{name}": content for name, content in world.files["1/3"].items()}
    assert files in (first, both)


def _check(world: World) -> None:
    """The faults have ended: everything works within its time, and nothing is there twice, lost or half done."""
    _insist(world, "POST", world.path(), unless="nothing_available")
    answered = [*world.scheduled, *{ids[0] for ids in world.by_key.values()}]
    assert len(set(answered)) == len(answered), "an id was given twice"
    for key, ids in world.by_key.items():
        again = _insist(world, "POST", world.path(), headers={"Idempotency-Key": key})
        assert {*ids, again["id_run"]} == {ids[0]}, "a repeated key has two answers"
    runs = _insist(world, "GET", f"/v1/generate/available?nc={world.nc}")[world.nc]
    numbers = [int(run["id_run"]) for run in runs]
    assert numbers == list(range(1, len(numbers) + 1)), "a gap"
    assert {*answered} <= {run["id_run"] for run in runs}, "a run that was answered is lost"
    assert not world.augmented or "3" in runs[0]["sub_runs"], "a sub-run that was answered is lost"
    assert _insist(world, "GET", world.path("/1/status"))["sub_runs"] == runs[0]["sub_runs"]
    assert _unzipped(_link(world, "/1/0/download")) == world.files["1/0"]
    _assert_run(world, _unzipped(_link(world, "/1/download")))
    _assert_store(world)


def _insist(
    world: World, method: str, path: str, unless: str = "", headers: dict[str, str] | None = None
) -> Any:
    """What is answered in the end."""
    for _ in range(_PATIENCE):
        answer = world.api.call(method, path, headers=headers)
        if answer.status_code == 200 or (unless and json.loads(answer.body).get("code") == unless):
            return json.loads(answer.body)
        _assert_refusal(answer)
        bootstrap.services().clock.sleep(float(answer.headers.get("Retry-After") or 1))
    raise AssertionError(f"{method} {path}: {answer.status_code} {answer.body!r}, again and again")


def _link(world: World, rest: str) -> Any:
    for _ in range(_PATIENCE):
        answer = world.api.call("GET", world.path(f"{rest}?wait=20"))
        if answer.status_code == 200:
            return json.loads(answer.body)
        if answer.status_code != 202:
            _assert_refusal(answer)
        bootstrap.services().clock.sleep(float(answer.headers["Retry-After"]))
    raise AssertionError(f"{rest}: {answer.status_code} {answer.body!r}, again and again")


def _assert_store(world: World) -> None:
    prefix = f"archives/{world.nc}/"
    keys = [
        entry["Key"]
        for entry in world.aws.s3.list_objects_v2(Bucket=world.bucket, Prefix=prefix).get(
            "Contents", []
        )
    ]

    def content(key: str) -> bytes:
        return world.aws.s3.get_object(Bucket=world.bucket, Key=key)["Body"].read()

    for key in keys:
        if key.endswith(".json") and not key.endswith(".bonds.json"):
            record, archive = json.loads(content(key)), content(key.replace(".json", ".zip"))
            told = len(archive), hashlib.sha256(archive).hexdigest()
            assert told == (record["size_bytes"], record["sha256"]), (
                f"{key} tells of another archive"
            )
            assert _members(archive)
    assert "Uploads" not in world.aws.s3.list_multipart_uploads(
        Bucket=world.bucket, Prefix=prefix
    ), "a stray upload"


def test_faults_happen(
    faults: Faults, proxied: dict[str, str], aws: Aws, bucket: str, table: str
) -> None:
    """Of every kind, and they reach the code: with nothing but faults there is no answer."""
    faults.start(1, 1.0)
    before = faults.seen.total()
    try:
        with serving(proxied | {"RUN_TABLE": table, "DATA_BUCKET": bucket}) as api:
            answers = {
                api.call("POST", f"/v1/generate/Al{uuid.uuid4().int % 90 + 2}").status_code
                for _ in range(20)
            }
    finally:
        faults.rate = 0.0
    assert answers <= {404, 503}
    assert 503 in answers
    assert faults.seen.total() - before >= 20
