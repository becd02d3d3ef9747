"""Every use case while the stores drop, delay, refuse and cut requests.

A correct response or a 503, and no partial effect.

SCENARIOS=2000 pytest tests/chaos      number of scenarios, in groups of twenty (default 100)
SEED=1234 pytest tests/chaos           one scenario
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
from chalicelib.adapters.aws.clients import Timeouts
from chalicelib.bootstrap import Services
from tests.conftest import Aws
from tests.support.api import Api, serving
from tests.support.fault_proxy import Faults, fault_proxy
from tests.support.frozen_data import verify_version

_GROUP = 20
_SEEDS = (
    [int(os.environ["SEED"])]
    if os.environ.get("SEED")
    else list(range(int(os.environ.get("SCENARIOS") or 100)))
)
_GROUPS = [
    pytest.param(_SEEDS[start : start + _GROUP], marks=[pytest.mark.heavy] if start else [])
    for start in range(0, len(_SEEDS), _GROUP)
]
_MAX_ATTEMPTS = 60
"""Attempts after the faults have ended: far more than are ever needed."""
_TIMEOUTS = Timeouts(read_seconds=0.5, write_seconds=2, last_attempt_seconds=0.6)


class QuickClock:
    """A clock that sleeping advances, so that leases and polls end without delay."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        time.sleep(0.002)  # lets the builder's thread work


@dataclass
class ChaosScenario:
    """A composition with two runs in the bucket, their files, and the ids that callers received."""

    api: Api
    aws: Aws
    bucket: str
    nc: str
    files: dict[str, dict[str, bytes]]
    scheduled: list[str] = field(default_factory=list)
    by_key: dict[str, list[str]] = field(default_factory=dict)
    augmented: bool = False
    versions: list[str] = field(default_factory=list)

    @property
    def dataset(self) -> dict[str, Any]:
        """Return the request that freezes all sub-runs of the composition."""
        name = self.nc.lower()
        return {"name": name, "title": "T", "where": {"nc": self.nc}, "allow_missing": True}

    def path(self, rest: str = "") -> str:
        return f"/v1/generate/{self.nc}{rest}"


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the pauses between the attempts of botocore."""
    monkeypatch.setattr(
        botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0
    )


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="module")
def proxied(aws_environment: dict[str, str], faults: Faults) -> Iterator[dict[str, str]]:
    """Return an environment with proxies in front of the stores; links bypass them."""
    s3, dynamodb = (
        aws_environment["AWS_ENDPOINT_URL_S3"],
        aws_environment["AWS_ENDPOINT_URL_DYNAMODB"],
    )
    with fault_proxy(s3, faults) as s3_proxy, fault_proxy(dynamodb, faults) as dynamodb_proxy:
        yield aws_environment | {
            "AWS_ENDPOINT_URL_S3": s3_proxy, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_proxy, "S3_PUBLIC_ENDPOINT": s3
        }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seeds", _GROUPS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_faults_of_the_stores_lose_and_duplicate_nothing(
    seeds: list[int], faults: Faults, proxied: dict[str, str], aws: Aws, bucket: str, table: str
) -> None:
    environment = proxied | {
        "RUN_TABLE": table,
        "DATA_BUCKET": bucket,
        "JOB_RUN_TIME_SECONDS": "300",
    }
    with serving(environment, _TIMEOUTS) as api:
        made = _with_quick_clock(bootstrap.services())
        in_background = replace(made, archives=replace(made.archives, inline_max_bytes=0))
        for seed in seeds:
            deps = in_background if seed % 4 == 3 else made
            try:
                with bootstrap.override_services(deps):
                    _run(_create_scenario(api, aws, bucket, seed), faults, seed)
            except BaseException as error:
                error.add_note(f"SEED={seed}, {dict(faults.seen)}")
                raise


def _with_quick_clock(made: Services) -> Services:
    clock = QuickClock()
    return replace(
        made,
        clock=clock,
        archives=replace(made.archives, clock=clock),
        freezes=replace(made.freezes, clock=clock),
    )


def _create_scenario(api: Api, aws: Aws, bucket: str, seed: int) -> ChaosScenario:
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
    return ChaosScenario(api, aws, bucket, nc, files)


def _run(scenario: ChaosScenario, faults: Faults, seed: int) -> None:
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
        _freeze,
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
                    for done in [pool.submit(action, scenario), pool.submit(action, scenario)]:
                        done.result()
            else:
                action(scenario)
    finally:
        faults.rate = 0.0
    _check(scenario)


def _request(
    scenario: ChaosScenario,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """Return the JSON of a success, or None for a complete problem document of the contract."""
    response = scenario.api.call(method, path, body, headers=headers)
    if response.status_code in (200, 201, 202):
        return json.loads(response.body) | {"status_code": response.status_code}
    _assert_refusal(response)
    return None


def _assert_refusal(response: HTTPResponse) -> None:
    assert response.headers["Content-Type"] == "application/problem+json", (
        response.status_code,
        response.body,
    )
    problem = json.loads(response.body)
    # Missing or not scheduled: an earlier action did not succeed.
    assert response.status_code in (404, 409, 503), problem
    if response.status_code == 503 or problem["code"] == "idempotency_key_in_flight":
        assert int(response.headers["Retry-After"]) > 0


def _schedule(scenario: ChaosScenario) -> None:
    if response := _request(scenario, "POST", scenario.path()):
        scenario.scheduled.append(response["id_run"])


def _schedule_with_key(scenario: ChaosScenario) -> None:
    key = scenario.nc
    if response := _request(scenario, "POST", scenario.path(), headers={"Idempotency-Key": key}):
        scenario.by_key.setdefault(key, []).append(response["id_run"])


def _augment(scenario: ChaosScenario) -> None:
    if _request(scenario, "POST", scenario.path("/1/augment"), {"sub_runs": ["3"]}):
        scenario.augmented = True


def _status(scenario: ChaosScenario) -> None:
    augmented = scenario.augmented
    if response := _request(scenario, "GET", scenario.path("/1/status")):
        assert response["id_run"] == "1"
        assert not augmented or "3" in response["sub_runs"]


def _available(scenario: ChaosScenario) -> None:
    known = {*scenario.scheduled}
    if (
        response := _request(scenario, "GET", f"/v1/generate/available?nc={scenario.nc}")
    ) is not None:
        assert known <= {run["id_run"] for run in response.get(scenario.nc, [])}


def _manifest(scenario: ChaosScenario) -> None:
    if response := _request(scenario, "GET", scenario.path("/1/0/manifest")):
        assert {file["name"]: file["size_bytes"] for file in response["files"]} == {
            name: len(content) for name, content in scenario.files["1/0"].items()
        }


def _download(scenario: ChaosScenario) -> None:
    response = _request(scenario, "GET", scenario.path("/1/0/download"))
    if response and response["status_code"] == 200:
        assert _unzipped(response) == scenario.files["1/0"]


def _download_run(scenario: ChaosScenario) -> None:
    response = _request(scenario, "GET", scenario.path("/1/download"))
    if response and response["status_code"] == 200:
        _assert_run(scenario, _unzipped(response))


def _bonds(scenario: ChaosScenario) -> None:
    if response := _request(scenario, "GET", scenario.path("/1/0/bonds")):
        assert [bond["icohp"] for bond in response["bonds"]] == [1.0]


def _files(scenario: ChaosScenario) -> None:
    if response := _request(scenario, "GET", scenario.path("/1/0/files/ICOHPLIST.lobster")):
        with urllib.request.urlopen(response["download_url"]) as content:
            assert content.read() == scenario.files["1/0"]["ICOHPLIST.lobster"]


def _freeze(scenario: ChaosScenario) -> None:
    response = _request(scenario, "POST", "/v1/datasets", scenario.dataset)
    if response and response["status_code"] != 202:
        scenario.versions.append(response["version"])


def _compositions(scenario: ChaosScenario) -> None:
    if response := _request(scenario, "GET", "/v1/compositions"):
        assert scenario.nc in response["compositions"]


def _unzipped(link: dict[str, Any]) -> dict[str, bytes]:
    with urllib.request.urlopen(link["download_url"]) as response:
        content = response.read()
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


def _assert_run(scenario: ChaosScenario, files: dict[str, bytes]) -> None:
    """Check that a run's archive contains the sub-runs scheduled at the time of the request."""
    first = {f"0/{name}": content for name, content in scenario.files["1/0"].items()}
    both = first | {f"3/{name}": content for name, content in scenario.files["1/3"].items()}
    assert files in (first, both)


def _check(scenario: ChaosScenario) -> None:
    """Check that all requests succeed after the faults, and nothing is lost or duplicated."""
    _retry_until_ok(scenario, "POST", scenario.path(), unless="nothing_available")
    received = [*scenario.scheduled, *{ids[0] for ids in scenario.by_key.values()}]
    assert len(set(received)) == len(received), "an id was returned twice"
    for key, ids in scenario.by_key.items():
        again = _retry_until_ok(scenario, "POST", scenario.path(), headers={"Idempotency-Key": key})
        assert {*ids, again["id_run"]} == {ids[0]}, "a repeated key has two results"
    runs = _retry_until_ok(scenario, "GET", f"/v1/generate/available?nc={scenario.nc}")[scenario.nc]
    numbers = [int(run["id_run"]) for run in runs]
    assert numbers == list(range(1, len(numbers) + 1)), "a gap"
    assert {*received} <= {run["id_run"] for run in runs}, "a scheduled run is lost"
    assert not scenario.augmented or "3" in runs[0]["sub_runs"], "a scheduled sub-run is lost"
    assert (
        _retry_until_ok(scenario, "GET", scenario.path("/1/status"))["sub_runs"]
        == runs[0]["sub_runs"]
    )
    assert _unzipped(_link(scenario, "/1/0/download")) == scenario.files["1/0"]
    _assert_run(scenario, _unzipped(_link(scenario, "/1/download")))
    _assert_store(scenario)
    _assert_versions(scenario)


def _assert_versions(scenario: ChaosScenario) -> None:
    """Check that a freeze succeeds, and that each listed version is complete and listed once."""
    for _ in range(_MAX_ATTEMPTS):
        response = scenario.api.call("POST", "/v1/datasets", scenario.dataset)
        if response.status_code in (200, 201):
            break
        if response.status_code != 202:
            _assert_refusal(response)  # also the error of an earlier freeze, once
        bootstrap.services().clock.sleep(float(response.headers.get("Retry-After") or 1))
    else:
        raise AssertionError(f"the freeze did not end: {response.status_code} {response.body!r}")
    path = f"/v1/datasets/{scenario.nc.lower()}"
    versions = scenario.api.get(path)["versions"]
    numbers = [version["version"] for version in versions]
    assert {*scenario.versions, json.loads(response.body)["version"]} <= {*numbers}
    contents = [version["content_id"] for version in versions]
    assert len({*numbers}) == len({*contents}) == len(versions), "a version is listed twice"
    for version in versions:
        verify_version(scenario.api, version)


def _retry_until_ok(
    scenario: ChaosScenario,
    method: str,
    path: str,
    unless: str = "",
    headers: dict[str, str] | None = None,
) -> Any:
    """Return the JSON of the first success."""
    for _ in range(_MAX_ATTEMPTS):
        response = scenario.api.call(method, path, headers=headers)
        if response.status_code == 200 or (
            unless and json.loads(response.body).get("code") == unless
        ):
            return json.loads(response.body)
        _assert_refusal(response)
        bootstrap.services().clock.sleep(float(response.headers.get("Retry-After") or 1))
    raise AssertionError(
        f"{method} {path}: {response.status_code} {response.body!r} after {_MAX_ATTEMPTS} attempts"
    )


def _link(scenario: ChaosScenario, rest: str) -> Any:
    for _ in range(_MAX_ATTEMPTS):
        response = scenario.api.call("GET", scenario.path(f"{rest}?wait=20"))
        if response.status_code == 200:
            return json.loads(response.body)
        if response.status_code != 202:
            _assert_refusal(response)
        bootstrap.services().clock.sleep(float(response.headers["Retry-After"]))
    raise AssertionError(
        f"{rest}: {response.status_code} {response.body!r} after {_MAX_ATTEMPTS} attempts"
    )


def _assert_store(scenario: ChaosScenario) -> None:
    prefix = f"archives/{scenario.nc}/"
    keys = [
        entry["Key"]
        for entry in scenario.aws.s3.list_objects_v2(Bucket=scenario.bucket, Prefix=prefix).get(
            "Contents", []
        )
    ]

    def content(key: str) -> bytes:
        return scenario.aws.s3.get_object(Bucket=scenario.bucket, Key=key)["Body"].read()

    for key in keys:
        if key.endswith(".json") and not key.endswith(".bonds.json"):
            record, archive = json.loads(content(key)), content(key.replace(".json", ".zip"))
            actual = len(archive), hashlib.sha256(archive).hexdigest()
            assert actual == (record["size_bytes"], record["sha256"]), (
                f"{key} describes another archive"
            )
            assert _members(archive)
    assert "Uploads" not in scenario.aws.s3.list_multipart_uploads(
        Bucket=scenario.bucket, Prefix=prefix
    ), "an orphaned upload"


def test_the_proxies_inject_faults(
    faults: Faults, proxied: dict[str, str], aws: Aws, bucket: str, table: str
) -> None:
    """Faults of every kind reach the code: if every call fails, no request succeeds."""
    faults.start(1, 1.0)
    before = faults.seen.total()
    try:
        with serving(proxied | {"RUN_TABLE": table, "DATA_BUCKET": bucket}, _TIMEOUTS) as api:
            statuses = {
                api.call("POST", f"/v1/generate/Al{uuid.uuid4().int % 90 + 2}").status_code
                for _ in range(20)
            }
    finally:
        faults.rate = 0.0
    assert statuses <= {404, 503}
    assert 503 in statuses
    assert faults.seen.total() - before >= 20
