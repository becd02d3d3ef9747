"""Freezes that are killed at any call to a store, and freezes of one dataset at the same time.

A version that is listed is complete, none is listed twice, and the content id is the same each
time. FREEZES=1000 pytest tests/integration/test_freeze_faults.py runs more scenarios; SEED=n one.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from chalicelib.adapters.aws.stored_documents import S3StoredDocuments
from chalicelib.bootstrap import build_services
from chalicelib.domain import dataset_records
from chalicelib.domain.artifacts import Role
from chalicelib.domain.dataset_records import parse_archive_list, parse_selection
from chalicelib.domain.datasets import DatasetVersion
from chalicelib.domain.errors import DataOpsError, Unavailable
from chalicelib.domain.freezes import (
    FreezeRequest,
    FreezeTask,
    SelectedRun,
)
from chalicelib.domain.payload import parse_payload_manifest
from chalicelib.domain.runs import RunKey
from chalicelib.domain.selection import Profile
from chalicelib.settings import Settings
from chalicelib.usecases.freeze_dependencies import FreezeDependencies
from chalicelib.usecases.freeze_requests import FreezeResult, request_freeze
from chalicelib.usecases.freezing import run_freeze
from chalicelib.usecases.parallel_calls import wait_for_later_calls
from tests.conftest import Aws
from tests.support.api import serving
from tests.support.callers import Caller, stop_here
from tests.support.fakes import FakeBuildQueue
from tests.support.frozen_data import schedule, store_sub_run
from tests.support.stores import intercept_calls

_RUNS = (1, 2, 3)
_MAX_KILLS = 4
_GROUP = 10
_ON_OTHER_STORES = "AWS_ENDPOINT_URL_S3" in os.environ
_SEEDS = (
    [int(os.environ["SEED"])]
    if os.environ.get("SEED")
    else list(range(int(os.environ.get("FREEZES") or (20 if _ON_OTHER_STORES else 200))))
)
_GROUPS = [
    pytest.param(_SEEDS[start : start + _GROUP], marks=[pytest.mark.heavy] if start >= 20 else [])
    for start in range(0, len(_SEEDS), _GROUP)
]


class Killed(BaseException):
    """The process was killed."""


class SkippingClock:
    """A clock whose sleep advances it, so that leases end without delay."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class KillAt(NamedTuple):
    """A call of a process, before or after which it is killed."""

    call: int
    after: bool


@dataclass
class Killer:
    """Kills the process before or after its call number `at`: then every later call fails too."""

    at: int | None = None
    after: bool = False
    calls: int = 0
    dead: bool = False
    committing: set[int] = field(default_factory=set)
    """The threads that are about to commit a version."""

    def __call__(self, client: Any, name: str, arguments: Mapping[str, Any]) -> None:
        commits = name == "PutItem" and arguments["Item"]["pk"]["S"] == "DATASET"
        if commits:
            self.committing.add(threading.get_ident())
        stop_here()
        if commits:
            self.committing.remove(threading.get_ident())
        self.calls += 1
        if self.dead or (self.calls == self.at and not self.after):
            self.dead = True
            raise Killed
        if self.calls == self.at:
            self.dead = True  # the next call fails: this one had an effect

    def arm(self, kill: KillAt) -> None:
        self.at, self.after = kill.call, kill.after
        self.calls, self.dead = 0, False

    def disarm(self) -> None:
        self.at, self.calls, self.dead = None, 0, False


@dataclass
class Scenario:
    """Three runs in a bucket, the dependencies of freezes, and what interrupts them."""

    freezes: FreezeDependencies
    clock: SkippingClock
    killer: Killer
    aws: Aws
    bucket: str
    killed: bool = False

    def change_files(self, seed: int) -> None:
        """Give each run other bytes, so that no archive of it exists."""
        for id_run in _RUNS:
            key = f"Al2/c/md/lammps/100/{id_run}/2000/0/note"
            self.aws.s3.put_object(Bucket=self.bucket, Key=key, Body=f"{seed}".encode())

    def freeze(
        self, request: FreezeRequest, key: str, chance: random.Random | KillAt | None
    ) -> FreezeResult:
        """Request a freeze until it has ended.

        With `chance`, up to four processes are killed meanwhile, or one at a given call.
        """
        self.killed = False
        queue = FakeBuildQueue()
        freezes = replace(self.freezes, queue=queue)
        kills = 0
        while True:
            if isinstance(chance, KillAt) and kills == 0:
                self.killer.arm(chance)
            elif isinstance(chance, random.Random) and kills < _MAX_KILLS:
                self.killer.arm(KillAt(chance.randint(1, 60), chance.random() < 0.5))
            try:
                result = request_freeze(request, key, freezes)
                if isinstance(result, FreezeResult):
                    return result
                while queue.tasks:
                    task = queue.tasks.pop(0)
                    assert isinstance(task, FreezeTask)
                    if rest := run_freeze(task, freezes):
                        queue.submit(rest)
            except Killed:
                kills += 1
                self.killed = True
                queue.tasks.clear()
                self.clock.sleep(60)  # leases of the dead process end
            finally:
                wait_for_later_calls()
                self.killer.disarm()

    def list_keys(self, prefix: str) -> list[str]:
        found = self.aws.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [stored["Key"] for stored in found.get("Contents", [])]

    def check(self, name: str) -> list[DatasetVersion]:
        """Check all versions of a dataset, and return them."""
        found = list(self.freezes.versions.list_versions(name))
        numbers = [version.number for version in found]
        assert numbers == sorted(set(numbers))
        assert [version.sequence for version in found] == list(range(1, len(found) + 1))
        contents = [(version.content_id, version.description) for version in found]
        assert all(contents.count(content) == 1 for content in contents)
        for version in found:
            self._check_complete(version)
        return found

    def _check_complete(self, version: DatasetVersion) -> None:
        store = self.freezes.store
        manifest = store.read_document(version.documents + dataset_records.MANIFEST_NAME)
        assert hashlib.sha256(manifest).hexdigest() == version.content_id
        archives = parse_archive_list(
            store.read_document(version.documents + dataset_records.ARCHIVES_NAME)
        )
        files = {}
        for archive in archives:
            archive_key = archive.archive_key
            record = store.get_archive_record(archive_key)
            assert record is not None
            content = self.aws.s3.get_object(Bucket=self.bucket, Key=archive_key)["Body"].read()
            assert hashlib.sha256(content).hexdigest() == record.sha256 == archive.sha256
            for file in record.files:
                if file.role is not Role.METADATA:
                    files[f"data/{archive.run}/{file.name}"] = file.sha256
        assert files == {file.path: file.sha256 for file in parse_payload_manifest(manifest)}
        selection = store.read_document(version.documents + dataset_records.SELECTION_NAME)
        assert len(parse_selection(selection)) == version.sub_runs
        assert len(archives) == version.runs


@pytest.fixture
def scenario(
    environment: dict[str, str], aws: Aws, bucket: str, store: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scenario]:
    for id_run in _RUNS:
        for sub_run in (0, 1):
            store_sub_run(store, id_run, sub_run)
    with serving(environment) as api:
        schedule(api, runs=len(_RUNS))
    services = build_services(Settings.from_mapping(environment))
    killer, clock = Killer(), SkippingClock()
    intercept_calls(
        monkeypatch,
        lambda client, name, arguments: (
            None if client in (aws.s3, aws.dynamodb) else killer(client, name, arguments)
        ),
    )
    freezes = replace(services.freezes, clock=clock)
    yield Scenario(freezes, clock, killer, aws, bucket)
    wait_for_later_calls()


def build_request(name: str, runs: tuple[int, ...] = _RUNS, title: str = "T") -> FreezeRequest:
    items = tuple(SelectedRun(RunKey.parse("Al2", str(id_run)), None) for id_run in runs)
    return FreezeRequest(name, title, None, items, Profile.FULL)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", _GROUPS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_killed_and_racing_freezes_list_complete_versions_once(
    seeds: list[int], scenario: Scenario
) -> None:
    for seed in seeds:
        chance = random.Random(seed)
        scenario.change_files(seed)
        if chance.random() < 0.5:
            _kill(scenario, seed, chance)
        else:
            _race(scenario, seed, chance)


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_freeze_killed_at_every_call_continues(scenario: Scenario, *, after: bool) -> None:
    """Kill the process once, before or after its first call, its second one, and so on."""
    at, content_ids = 0, set()
    while True:
        at += 1
        for stored in scenario.list_keys("datasets/archives/"):
            scenario.aws.s3.delete_object(Bucket=scenario.bucket, Key=stored)
        name = f"every-{at}"
        result = scenario.freeze(build_request(name, (1,)), name, KillAt(at, after))
        content_ids.add(result.version.content_id)
        assert scenario.check(name) == [result.version]
        if not scenario.killed:
            break
    assert len(content_ids) == 1
    assert at > 30


def _kill(scenario: Scenario, seed: int, chance: random.Random) -> None:
    name = f"killed-{seed}"
    one_run = scenario.freeze(build_request(name, (2,)), f"{seed}-1", chance)
    result = scenario.freeze(build_request(name), f"{seed}-2", chance)
    undisturbed = scenario.freeze(build_request(f"{name}-again"), f"{seed}-3", None)
    assert result.version.content_id == undisturbed.version.content_id
    assert [one_run.version, result.version] == scenario.check(name)
    assert str(result.version.number) == "1.1.0"


def _race(scenario: Scenario, seed: int, chance: random.Random) -> None:
    """Freeze at the same time: the same content twice, and sometimes other content."""
    name = f"raced-{seed}"
    requests = [build_request(name), build_request(name)]
    if chance.random() < 0.5:
        requests.append(build_request(name, (1, 2)))
    if chance.random() < 0.5:
        requests.append(build_request(name, title="Other"))
    threads: dict[int, int] = {}

    def start(number: int) -> Caller[FreezeResult]:
        def run() -> FreezeResult:
            threads[number] = threading.get_ident()
            return scenario.freeze(requests[number], f"{seed}-{number}", None)

        return Caller(run)

    callers = [start(number) for number in range(len(requests))]
    together = chance.random() < 0.5  # all read the versions before one commits
    while running := [number for number, caller in enumerate(callers) if not caller.ended]:
        committing = scenario.killer.committing
        others = [number for number in running if threads.get(number) not in committing]
        next_one = chance.choice((together and others) or running)
        callers[next_one].advance(1 if together else chance.randint(1, 8))
    results = []
    for caller in callers:
        result = caller.finish()
        assert isinstance(result, FreezeResult), result
        results.append(result)
    found = scenario.check(name)
    assert len(found) == len({request.to_json() for request in requests})
    assert {result.version for result in results} == set(found)
    assert results[0].version == results[1].version


def test_a_file_that_changes_before_its_archive_is_built_ends_the_freeze(
    scenario: Scenario,
) -> None:
    queue = FakeBuildQueue()
    freezes = replace(scenario.freezes, queue=queue, step_seconds=-1)
    request = build_request("glass")
    request_freeze(request, "k", freezes)
    task = queue.tasks.pop()
    assert isinstance(task, FreezeTask)
    rest = run_freeze(task, freezes)
    assert rest
    scenario.change_files(1)
    while rest:
        rest = run_freeze(rest, freezes)
    with pytest.raises(DataOpsError, match="changed during the freeze") as caught:
        request_freeze(request, "k", freezes)
    assert caught.value.code == "source_changed"
    assert scenario.check("glass") == []
    assert scenario.freeze(request, "k", None).created


def test_a_file_that_changes_after_its_archive_was_stored_does_not(scenario: Scenario) -> None:
    queue = FakeBuildQueue()
    freezes = replace(scenario.freezes, queue=queue, step_seconds=-1)
    request = build_request("glass", (1,))
    request_freeze(request, "k", freezes)
    task = queue.tasks.pop()
    assert isinstance(task, FreezeTask)
    rest = run_freeze(task, freezes)
    scenario.change_files(1)
    while rest:
        rest = run_freeze(rest, freezes)
    [version] = scenario.check("glass")
    assert version.files == 12


def test_a_store_that_fails_is_reported_and_the_freeze_continues(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, queue = build_request("glass"), FakeBuildQueue()
    freezes = replace(scenario.freezes, queue=queue)
    request_freeze(request, "k", freezes)
    task = queue.tasks.pop()
    assert isinstance(task, FreezeTask)

    def fail(*_: Any) -> None:
        raise Unavailable("the data bucket does not respond")

    with monkeypatch.context() as patch:
        patch.setattr(S3StoredDocuments, "write_bond_means", fail)
        with pytest.raises(Unavailable):
            run_freeze(task, freezes)
    with pytest.raises(Unavailable, match="freezing 'glass' failed: the data bucket"):
        request_freeze(request, "k", freezes)
    assert scenario.check("glass") == []
    assert scenario.freeze(request, "k", None).version.runs == 3
