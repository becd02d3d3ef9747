"""Builds that are killed, builds at the same time, and what a request costs in AWS calls."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.aws.lambda_build_queue import LambdaBuildQueue
from chalicelib.domain.archive_record import ArchiveLink
from chalicelib.domain.builds import ArchiveSpec
from chalicelib.domain.runs import RunKey, SubRunKey
from chalicelib.domain.selection import Selection
from chalicelib.usecases.archives import get_or_build_archive
from chalicelib.usecases.parallel_calls import wait_for_later_calls
from localdev.child_process import start_child_process
from localdev.paths import ROOT
from tests.conftest import Aws
from tests.support.api import Api, serving
from tests.support.callers import Caller, stop_here
from tests.support.fault_proxy import Faults, fault_proxy
from tests.support.stores import intercept_calls

Store = Callable[..., None]
DOWNLOAD = "/v1/generate/Al2/1/0/download"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the AWS calls."""
    made: list[str] = []
    intercept_calls(monkeypatch, lambda client, name, arguments: made.append(name))
    return made


def scheduled(api: Api, store: Store, *files: tuple[str, bytes]) -> None:
    for name, content in files or (("Al2.scf.in", b"input"),):
        store(f"Al2/c/md/lammps/100/1/2000/0/{name}", content)
    api.post("/v1/generate/Al2")


def test_a_warm_download_takes_five_calls(api: Api, store: Store, calls: list[str]) -> None:
    scheduled(api, store)
    api.get(DOWNLOAD)
    wait_for_later_calls()
    calls.clear()
    assert api.get(DOWNLOAD)["cached"]
    assert sorted(calls) == ["GetItem", "GetObject", "HeadObject", "HeadObject", "ListObjectsV2"]


def test_scheduling_takes_four_calls(api: Api, store: Store, calls: list[str]) -> None:
    scheduled(api, store)
    store("Al2/c/md/lammps/100/2/2000/0/Al2.scf.in")
    calls.clear()
    assert api.post("/v1/generate/Al2")["id_run"] == "2"
    assert sorted(calls) == ["ListObjectsV2", "ListObjectsV2", "Query", "UpdateItem"]


def test_a_first_download_reads_each_file_once(api: Api, store: Store, calls: list[str]) -> None:
    scheduled(api, store, ("a", b"a"), ("b", b"b"), ("c", b"c"))
    calls.clear()
    api.get(DOWNLOAD)
    wait_for_later_calls()
    assert (
        calls.count("GetObject") == 2 + 3
    )  # dataset.json (once a minute) and the record, which are missing, and the files
    assert calls.count("PutObject") == 2  # the archive, and its record
    assert len(calls) == 13


def test_requests_at_the_same_time_cause_one_build(
    environment: dict[str, str], api: Api, store: Store, aws: Aws, bucket: str
) -> None:
    scheduled(api, store, ("a", os.urandom(3_000_000)))
    with start_child_process(
        "localdev.api_server",
        "--port",
        "0",
        environment={**os.environ, **environment},
    ) as url:

        def download(_: int) -> bytes:
            with urllib.request.urlopen(f"{url}{DOWNLOAD}?wait=20") as response:
                content: bytes = response.read()
                return content

        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(download, range(8)))
    assert sum(b'"cached":false' in response for response in responses) >= 1
    stored = aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/")["Contents"]
    assert len(stored) == 2
    assert len({response.split(b'"sha256":"')[1][:64] for response in responses}) == 1


BUILD = """
from chalicelib.domain.builds import ArchiveSpec, BuildRequest
from chalicelib.domain.selection import Selection
from chalicelib.domain.runs import SubRunKey
from chalicelib.usecases.archives import run_build
from chalicelib.usecases.parallel_calls import wait_for_later_calls
from chalicelib.bootstrap import services

spec = ArchiveSpec(SubRunKey.parse("Al2", "1", "0"), Selection())
run_build(BuildRequest(spec, None), services().archives)
wait_for_later_calls()
"""


class Killer(Faults):
    """Kills a process when it has sent this number of requests; the next one is lost."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.process: subprocess.Popen[bytes] | None = None
        self._left = after

    def next(self, request: str) -> str | None:
        with self._lock:
            self._left -= 1
            if self._left >= 0 or self.process is None:
                return None
            self.process.kill()
        self.process.wait()
        return "drop"


def test_a_builder_killed_at_any_call_leaves_no_archive_and_the_retry_no_upload(
    environment: dict[str, str], api: Api, store: Store, aws: Aws, bucket: str, table: str
) -> None:
    content = os.urandom(20_000_000)  # three parts
    scheduled(api, store, ("a", content), ("b", b"b"))
    killed = 0
    for point in range(40):
        killer = Killer(point)
        with (
            fault_proxy(environment["AWS_ENDPOINT_URL_S3"], killer) as s3,
            fault_proxy(environment["AWS_ENDPOINT_URL_DYNAMODB"], killer) as dynamodb,
        ):
            urls = {"AWS_ENDPOINT_URL_S3": s3, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb}
            child = {**os.environ, **environment, **urls, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-c", BUILD]
            with subprocess.Popen(command, cwd=ROOT, env=child) as killer.process:
                pass
        if killer.process.returncode == 0:
            break
        assert killer.process.returncode == -signal.SIGKILL
        killed += 1
        records = [
            entry["Key"]
            for entry in aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/").get(
                "Contents", []
            )
        ]
        if any(key.endswith(".json") for key in records):  # it was killed after the commit
            assert api.get(DOWNLOAD)["cached"]
            for key in records:
                aws.s3.delete_object(Bucket=bucket, Key=key)
        # The lease of the killed builder has run out, as far as the next one can tell.
        for lease in aws.dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "BUILD"}},
        )["Items"]:
            aws.dynamodb.delete_item(TableName=table, Key={"pk": lease["pk"], "sk": lease["sk"]})
    assert killed >= 10
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)
    link = api.get(DOWNLOAD)
    assert link["cached"]
    with urllib.request.urlopen(link["download_url"]) as response:
        assert hashlib.sha256(response.read()).hexdigest() == link["sha256"]


class ClockAhead:
    """A clock that is a minute ahead, so that every lease has run out, or on time. Nobody waits."""

    def __init__(self, *, ahead: bool) -> None:
        self._ahead = timedelta(minutes=ahead)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def sleep(self, seconds: float) -> None:
        pass


@pytest.mark.parametrize("size", [1_000_000, 20_000_000], ids=["one part", "several parts"])
def test_builders_that_overlap_at_any_call_leave_one_intact_archive(
    environment: dict[str, str], api: Api, store: Store, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Pause the first builder before a call, let the second take over, continue the first."""
    scheduled(api, store, ("a", os.urandom(size // 2) + bytes(size // 2)), ("b", b"b"))
    intercept_calls(monkeypatch, lambda client, name, arguments: stop_here())
    archives = bootstrap.services().archives
    late, early = (replace(archives, clock=ClockAhead(ahead=ahead)) for ahead in (True, False))
    for point in range(50):
        selection = Selection.parse("full", ["*", f"archive-{point}"])
        order = ArchiveSpec(RunKey.parse("Al2", "1"), selection)
        paused: Caller[Any] = Caller(lambda order=order: get_or_build_archive(order, early))  # type: ignore[misc]
        paused.advance(point)
        ended = paused.ended
        get_or_build_archive(ArchiveSpec(SubRunKey(RunKey.parse("Al2", "1"), 0), selection), late)
        results = [
            get_or_build_archive(order, late),
            paused.finish(),
            get_or_build_archive(order, early),
        ]
        for link in results:
            assert isinstance(link, ArchiveLink), (point, link)
            with urllib.request.urlopen(link.link.url) as response:
                content = response.read()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (
                link.record.size_bytes,
                link.record.sha256,
            ), point
        if ended:
            break
    assert point >= 4, "in the thread of the builder: two reads, and the writes of the archive"


def test_large_archives_are_built_by_the_function_that_the_settings_name(
    environment: dict[str, str],
) -> None:
    with serving(environment | {"BUILDER_FUNCTION": "dataops-builder"}):
        assert isinstance(bootstrap.services().archives.queue, LambdaBuildQueue)
