"""Writes of objects: complete, or without a trace."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters.aws.clients import Timeouts
from chalicelib.adapters.aws.errors import ObjectStoreError
from chalicelib.adapters.aws.object_store import PART_BYTES, ObjectStore
from chalicelib.usecases.parallel_calls import wait_for_later_calls
from tests.conftest import Aws
from tests.support.fault_proxy import Faults, fault_proxy
from tests.support.stores import connect

CONTENT = random.Random(9).randbytes(2 * PART_BYTES + 345)
ATTRIBUTES = {
    "Content-Type": "application/zip",
    "Content-Disposition": 'attachment; filename="a.zip"',
}
CALLS = {
    "create": r"POST .*\?uploads",
    "part": r"PUT .*[?&]partNumber=",
    "part 2": r"PUT .*[?&]partNumber=2",
    "complete": r"POST .*[?&]uploadId=",
    "abort": r"DELETE .*[?&]uploadId=",
}


@dataclass
class Calls(Faults):
    """Records the requests, and injects `kind` into those that match one of `patterns`."""

    kind: str | None = None
    patterns: tuple[str, ...] = ()
    before: Callable[[str], None] = lambda request: None
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def next(self, request: str) -> str | None:
        self.requests.append(request)
        self.before(request)
        return self.kind if any(re.match(pattern, request) for pattern in self.patterns) else None


Open = Callable[[Calls], ObjectStore]


@pytest.fixture
def open_store(aws_environment: dict[str, str], bucket: str) -> Iterator[Open]:
    """Return a function that returns the store behind a proxy with faults."""
    with ExitStack() as stack:

        def start(calls: Calls) -> ObjectStore:
            proxy = fault_proxy(aws_environment["AWS_ENDPOINT_URL_S3"], calls)
            environment = aws_environment | {"AWS_ENDPOINT_URL_S3": stack.enter_context(proxy)}
            return connect(environment, bucket, Timeouts(longest_pause_seconds=0.001)).objects

        yield start
        wait_for_later_calls()


def cut(content: bytes, chunk_bytes: int = 300_000) -> Iterator[bytes]:
    for start in range(0, len(content), chunk_bytes):
        yield content[start : start + chunk_bytes]


def assert_nothing_is_left(aws: Aws, bucket: str) -> None:
    assert aws.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize(
    "size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, len(CONTENT)]
)
def test_written_objects_can_be_read(aws: Aws, bucket: str, open_store: Open, size: int) -> None:
    objects = open_store(Calls())
    etag = objects.write("a.zip", cut(CONTENT[:size]), ATTRIBUTES)
    assert b"".join(objects.read("a.zip", etag=etag, size_bytes=size)) == CONTENT[:size]
    stored = aws.s3.head_object(Bucket=bucket, Key="a.zip")
    assert (stored["ContentType"], stored["ContentDisposition"]) == tuple(ATTRIBUTES.values())
    assert stored["ETag"] == etag
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)


def test_an_object_of_one_part_is_one_request(open_store: Open, bucket: str) -> None:
    calls = Calls()
    open_store(calls).write("a.zip", cut(CONTENT[:PART_BYTES]), ATTRIBUTES)
    assert calls.requests == [f"PUT /{bucket}/a.zip"]


@pytest.mark.parametrize("chunk_bytes", [10_000, PART_BYTES, PART_BYTES + 1, len(CONTENT)])
def test_parts_are_equal_but_for_the_last(
    aws: Aws, bucket: str, open_store: Open, chunk_bytes: int
) -> None:
    sizes: list[int] = []

    def before(request: str) -> None:
        if re.match(CALLS["complete"], request):
            [upload] = parse_qs(urlsplit(request).query)["uploadId"]
            parts = aws.s3.list_parts(Bucket=bucket, Key="a.zip", UploadId=upload)["Parts"]
            sizes.extend(part["Size"] for part in parts)

    open_store(Calls(before=before)).write("a.zip", cut(CONTENT, chunk_bytes), ATTRIBUTES)
    assert sizes == [PART_BYTES, PART_BYTES, 345]


def test_at_most_three_parts_are_sent_in_parallel(aws: Aws, bucket: str, open_store: Open) -> None:
    all_three = threading.Barrier(3)
    running: list[str] = []
    most: list[int] = []

    def before(request: str) -> None:
        if re.match(CALLS["part"], request):
            running.append(request)
            most.append(len(running))
            all_three.wait(timeout=30)  # three at a time, or never
            running.remove(request)

    content = CONTENT[: 2 * PART_BYTES] * 3
    open_store(Calls(before=before)).write("a.zip", cut(content), ATTRIBUTES)
    assert max(most) == 3
    assert aws.s3.head_object(Bucket=bucket, Key="a.zip")["ContentLength"] == len(content)


@pytest.mark.parametrize(
    "error", [ValueError("packing"), KeyboardInterrupt(), GeneratorExit(), SystemExit()]
)
@pytest.mark.parametrize("after_bytes", [0, 6_000_000, 12_000_000, len(CONTENT)])
def test_chunks_that_fail_leave_no_object_and_no_upload(
    aws: Aws, bucket: str, open_store: Open, error: BaseException, after_bytes: int
) -> None:
    def chunks() -> Iterator[bytes]:
        yield from cut(CONTENT[:after_bytes])
        raise error

    with pytest.raises(type(error)):
        open_store(Calls()).write("a.zip", chunks(), ATTRIBUTES)
    assert_nothing_is_left(aws, bucket)


@pytest.mark.parametrize("call", ["create", "part 2", "complete"])
def test_a_request_that_fails_leaves_no_object_and_no_upload(
    aws: Aws, bucket: str, open_store: Open, call: str
) -> None:
    objects = open_store(Calls(kind="throttle", patterns=(CALLS[call],)))
    with pytest.raises(ObjectStoreError, match="SlowDown"):
        objects.write("a.zip", cut(CONTENT), ATTRIBUTES)
    assert_nothing_is_left(aws, bucket)


def test_an_upload_whose_creation_was_not_confirmed_is_aborted_after_the_next_success(
    aws: Aws, bucket: str, open_store: Open
) -> None:
    calls = Calls(kind="lose", patterns=(CALLS["create"],))
    objects = open_store(calls)
    with pytest.raises(ObjectStoreError):
        objects.write("a.zip", cut(CONTENT), ATTRIBUTES)
    assert aws.s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    calls.kind = None
    objects.write("a.zip", cut(CONTENT), ATTRIBUTES)
    wait_for_later_calls()
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)


def test_a_failed_abort_does_not_hide_why_the_write_failed(open_store: Open) -> None:
    def chunks() -> Iterator[bytes]:
        yield from cut(CONTENT)
        raise ValueError("packing")

    with pytest.raises(ValueError, match="packing"):
        open_store(Calls(kind="throttle", patterns=(CALLS["abort"],))).write(
            "a.zip", chunks(), ATTRIBUTES
        )


def test_the_chunks_are_closed_when_the_write_fails(open_store: Open) -> None:
    closed = []

    def chunks() -> Iterator[bytes]:
        try:
            yield from cut(CONTENT)
        finally:
            closed.append(True)

    with pytest.raises(ObjectStoreError):
        open_store(Calls(kind="throttle", patterns=(".*",))).write("a.zip", chunks(), ATTRIBUTES)
    assert closed == [True]


def test_an_overwritten_object_is_replaced_at_once(aws: Aws, bucket: str, open_store: Open) -> None:
    objects = open_store(Calls())
    objects.write("a.zip", [b"first"], ATTRIBUTES)

    def failing() -> Iterator[bytes]:
        yield from cut(CONTENT)
        raise ValueError("packing")

    with pytest.raises(ValueError, match="packing"):
        objects.write("a.zip", failing(), ATTRIBUTES)
    assert aws.s3.get_object(Bucket=bucket, Key="a.zip")["Body"].read() == b"first"
