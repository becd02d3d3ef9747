"""The number of sequential round trips to the stores that a request takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.usecases.parallel_calls import wait_for_later_calls
from tests.support.api import Api, serving
from tests.support.staged_stores import (
    StagedStores,
    name_bucket_call,
    name_table_call,
    serve_staged,
)
from tests.support.staged_stores import staged as staged  # noqa: PLC0414 - a fixture

RUN = "/v1/generate/Zr49Cu49Al2"
FILES = "Zr49Cu49Al2/c/md/lammps/100"


@pytest.fixture
def staged_api(
    environment: dict[str, str], staged: StagedStores, store: Callable[..., None]
) -> Iterator[Api]:
    """Serve the app on proxied stores that contain two runs."""
    for id_run in (1, 2):
        store(f"{FILES}/{id_run}/2000/0/Zr49Cu49Al2.scf.out", b"iteration #  1\n")
    with serving(environment | staged.endpoints) as api:
        yield api


def test_scheduling_takes_three_round_trips(staged_api: Api, staged: StagedStores) -> None:
    with staged.expect(["LIST runs", "Query RUN"], ["LIST files"], ["UpdateItem RUN"]):
        staged_api.post(RUN)


def test_scheduling_with_a_key_takes_four_round_trips(
    staged_api: Api, staged: StagedStores
) -> None:
    with staged.expect(
        ["PutItem IDEMPOTENCY", "LIST runs", "Query RUN"],
        ["LIST files"],
        ["UpdateItem RUN"],
        ["PutItem IDEMPOTENCY"],
    ):
        staged_api.post(RUN, headers={"Idempotency-Key": "a-key"})


def test_a_status_takes_two_round_trips(
    staged_api: Api, staged: StagedStores, environment: dict[str, str]
) -> None:
    staged_api.post(RUN)
    staged_api.post(f"{RUN}/1/augment")  # sub-runs without files
    first = staged_api.get(f"{RUN}/1/status")
    with staged.expect(["GetItem RUN"], ["LIST files", "LIST soaps"]):
        assert staged_api.get(f"{RUN}/1/status") == first
    with (
        serving(environment | staged.endpoints) as new_process,
        staged.expect(["GetItem RUN", "GetItem OUTCOMES"], ["LIST files", "LIST soaps"]),
    ):
        assert new_process.get(f"{RUN}/1/status") == first


LISTS = ["GetItem RUN", "LIST files", "HEAD SOAPS.vec"]
FILE_NAMES = [f"file{number:02d}" for number in range(20)]
DOWNLOAD = f"{RUN}/1/0/download"


@pytest.fixture
def with_files(staged_api: Api, store: Callable[..., None]) -> Api:
    """Schedule a run whose sub-run 0 has as many files as a real one, one of them large."""
    for name in FILE_NAMES:
        store(f"{FILES}/1/2000/0/{name}", b"x" * (3_000_000 if name == "file07" else 1_000))
    store("Zr49Cu49Al2-SOAPS/c/md/lammps/100/1/2000/0/SOAPS.vec", b"soaps")
    staged_api.post(RUN)
    return staged_api


def test_a_first_download_takes_five_round_trips(with_files: Api, staged: StagedStores) -> None:
    names = [*FILE_NAMES, "SOAPS.vec", "Zr49Cu49Al2.scf.out"]
    with staged.expect(
        [*LISTS, "GET dataset.json"],
        ["HEAD *.zip", "GET *.json"],
        ["UpdateItem BUILD", *(f"GET {name}" for name in names)],
        ["PUT *.zip"],
        ["PUT *.json"],
        # The response does not wait for the release of the lease: it is held until the next
        # request is in progress.
        ["DeleteItem BUILD", *LISTS],
        ["HEAD *.zip", "GET *.json"],
    ):
        assert not with_files.get(DOWNLOAD)["cached"]
        assert with_files.get(DOWNLOAD)["cached"]


def test_a_warm_download_takes_two_round_trips(with_files: Api, staged: StagedStores) -> None:
    with_files.get(DOWNLOAD)
    wait_for_later_calls()
    with staged.expect(LISTS, ["HEAD *.zip", "GET *.json"]):
        assert with_files.get(DOWNLOAD)["cached"]


def test_calls_of_one_stage_in_sequence_are_rejected(
    environment: dict[str, str], aws_environment: dict[str, str]
) -> None:
    """Reject a sequential caller, however long the proxy waits."""
    expected = r"did not come .*; in flight: \['Query RUN'\]; missing: \['Query RUN'\]"
    with (
        serve_staged(aws_environment, timeout_seconds=0.1) as staged,
        serving(environment | staged.endpoints) as api,
        pytest.raises(AssertionError, match=expected),
        staged.expect(["Query RUN", "Query RUN"]),
    ):
        for _ in range(2):
            api.call("GET", "/v1/generate/available")


def test_a_call_of_another_stage_is_rejected(staged_api: Api, staged: StagedStores) -> None:
    expected = r"stage 1 of 2: 'Query RUN' does not .*; in flight: \[\]; missing: \['GetItem RUN'\]"
    with (
        pytest.raises(AssertionError, match=expected),
        staged.expect(["GetItem RUN"], ["Query RUN"]),
    ):
        staged_api.call("GET", "/v1/generate/available")


def test_a_call_after_the_last_stage_is_rejected(staged_api: Api, staged: StagedStores) -> None:
    with (
        pytest.raises(AssertionError, match="'Query RUN' follows the last stage"),
        staged.expect(["Query RUN"]),
    ):
        for _ in range(2):
            staged_api.call("GET", "/v1/generate/available")


def test_concurrent_calls_of_one_stage_pass(staged_api: Api, staged: StagedStores) -> None:
    with staged.expect(["Query RUN"] * 3), ThreadPoolExecutor(3) as pool:
        assert list(pool.map(staged_api.get, ["/v1/generate/available"] * 3)) == [{}] * 3


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/b?list-type=2&prefix=&delimiter=%2F", "LIST compositions"),
        ("GET", f"/b?list-type=2&prefix={FILES}/&delimiter=/", "LIST runs"),
        ("GET", f"/b?list-type=2&prefix={FILES}/21/2000/", "LIST files"),
        ("GET", f"/b?list-type=2&prefix={FILES}/21/2000/0/&delimiter=/", "LIST files"),
        ("GET", "/b?list-type=2&prefix=Al2-SOAPS/c/md/lammps/100/21/2000/", "LIST soaps"),
        ("GET", f"/b/{FILES}/21/2000/0/SOAPS.vec", "GET SOAPS.vec"),
        ("HEAD", f"/b/archives/Al2/1/0/{'0a' * 32}.zip", "HEAD *.zip"),
        ("POST", f"/b/archives/Al2/1/0/{'0a' * 32}.zip?uploads", "POST *.zip?uploads"),
        ("PUT", f"/b/a/{'0a' * 32}.zip?partNumber=1&uploadId=u", "PUT *.zip?partNumber"),
    ],
)
def test_a_call_of_s3_is_named_after_its_key(method: str, path: str, name: str) -> None:
    assert name_bucket_call(method, path) == name


def test_a_call_of_dynamodb_is_named_after_its_partition() -> None:
    item = b'{"Item": {"pk": {"S": "IDEMPOTENCY#0a"}}}'
    assert name_table_call("DynamoDB_20120810.PutItem", item) == "PutItem IDEMPOTENCY"
