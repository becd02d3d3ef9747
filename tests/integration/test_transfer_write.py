"""Writes to the store of this run: whole or not at all."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.adapters.aws.multipart import MIB
from chalicelib.adapters.aws.object_transfer import read_object, write_object

CONTENT = random.Random(9).randbytes(12 * MIB + 345)
PART = 5 * MIB  # the least that S3 accepts


class WatchedS3:
    """A client that records its calls, and fails at chosen ones."""

    def __init__(
        self,
        client: Any,
        before: Callable[[str, dict[str, Any]], None] = lambda name, arguments: None,
    ) -> None:
        self._client = client
        self._before = before
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((name, {**arguments, "size_bytes": len(arguments.get("Body", b""))}))
            self._before(name, arguments)
            response = getattr(self._client, name)(**arguments)
            self.sent.append(name)
            return response

        return call

    def named(self, name: str) -> list[dict[str, Any]]:
        return [arguments for called, arguments in self.calls if called == name]


def cut(content: bytes, chunk_bytes: int = 300_000) -> Iterator[bytes]:
    for start in range(0, len(content), chunk_bytes):
        yield content[start : start + chunk_bytes]


def write(s3: Any, bucket: str, chunks: Iterable[bytes], **options: Any) -> str:
    return write_object(
        s3,
        bucket,
        "a.zip",
        chunks,
        content_type="application/zip",
        content_disposition='attachment; filename="a.zip"',
        **options,
    )


def assert_nothing_is_left(aws: Any, bucket: str) -> None:
    assert aws.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize(
    "size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, len(CONTENT)]
)
def test_written_objects_can_be_read(aws: Any, bucket: str, size: int) -> None:
    etag = write(aws.s3, bucket, cut(CONTENT[:size]), part_size_bytes=PART)
    assert (
        b"".join(read_object(aws.s3, bucket, "a.zip", etag=etag, size_bytes=size)) == CONTENT[:size]
    )
    stored = aws.s3.head_object(Bucket=bucket, Key="a.zip")
    assert (stored["ContentType"], stored["ContentDisposition"]) == (
        "application/zip",
        'attachment; filename="a.zip"',
    )
    assert stored["ETag"] == etag
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)


def test_an_object_of_one_part_is_one_request(aws: Any, bucket: str) -> None:
    s3 = WatchedS3(aws.s3)
    write(s3, bucket, cut(CONTENT[:PART]), part_size_bytes=PART)
    assert [name for name, _ in s3.calls] == ["put_object"]


@pytest.mark.parametrize("chunk_bytes", [1_000, PART, PART + 1, len(CONTENT)])
def test_parts_are_equal_but_for_the_last(aws: Any, bucket: str, chunk_bytes: int) -> None:
    s3 = WatchedS3(aws.s3)
    write(s3, bucket, cut(CONTENT, chunk_bytes), part_size_bytes=PART)
    parts = {part["PartNumber"]: part["size_bytes"] for part in s3.named("upload_part")}
    assert parts == {1: PART, 2: PART, 3: len(CONTENT) - 2 * PART}


def test_at_most_the_given_number_of_parts_is_sent_in_parallel(aws: Any, bucket: str) -> None:
    both = threading.Barrier(2)
    running: list[int] = []
    most: list[int] = []

    def before(name: str, arguments: dict[str, Any]) -> None:
        if name == "upload_part":
            running.append(arguments["PartNumber"])
            most.append(len(running))
            both.wait(timeout=30)  # two at a time, or never
            running.remove(arguments["PartNumber"])

    write(
        WatchedS3(aws.s3, before),
        bucket,
        cut(CONTENT + CONTENT[: 5 * MIB]),
        part_size_bytes=PART,
        parallel_parts=2,
    )
    assert max(most) == 2
    assert aws.s3.head_object(Bucket=bucket, Key="a.zip")["ContentLength"] == len(CONTENT) + 5 * MIB


@pytest.mark.parametrize(
    "error", [ValueError("packing"), KeyboardInterrupt(), GeneratorExit(), SystemExit()]
)
@pytest.mark.parametrize("after_bytes", [0, 6 * MIB, 11 * MIB])
def test_chunks_that_fail_leave_no_object_and_no_upload(
    aws: Any, bucket: str, error: BaseException, after_bytes: int
) -> None:
    def chunks() -> Iterator[bytes]:
        yield from cut(CONTENT[:after_bytes])
        raise error

    with pytest.raises(type(error)):
        write(aws.s3, bucket, chunks(), part_size_bytes=PART)
    assert_nothing_is_left(aws, bucket)


@pytest.mark.parametrize(
    "call", ["create_multipart_upload", "upload_part", "complete_multipart_upload"]
)
def test_a_request_that_fails_leaves_no_object_and_no_upload(
    aws: Any, bucket: str, call: str
) -> None:
    def before(name: str, arguments: dict[str, Any]) -> None:
        if name == call and arguments.get("PartNumber", 2) == 2:
            raise ClientError({"Error": {"Code": "SlowDown"}}, name)

    with pytest.raises(ClientError, match="SlowDown"):
        write(WatchedS3(aws.s3, before), bucket, cut(CONTENT), part_size_bytes=PART)
    assert_nothing_is_left(aws, bucket)


def test_an_upload_whose_creation_was_not_confirmed_is_aborted(aws: Any, bucket: str) -> None:
    class LostResponse(WatchedS3):
        def create_multipart_upload(self, **arguments: Any) -> Any:
            aws.s3.create_multipart_upload(**arguments)
            raise ReadTimeoutError(endpoint_url="http://store")

    with pytest.raises(ReadTimeoutError):
        write(LostResponse(aws.s3), bucket, cut(CONTENT), part_size_bytes=PART)
    assert_nothing_is_left(aws, bucket)


def test_the_abort_waits_for_the_parts_under_way(aws: Any, bucket: str) -> None:
    started, failed = threading.Event(), threading.Event()

    def before(name: str, arguments: dict[str, Any]) -> None:
        if arguments.get("PartNumber") == 1:
            started.set()
            failed.wait(timeout=30)

    def chunks() -> Iterator[bytes]:
        yield from cut(CONTENT)
        started.wait(timeout=30)
        failed.set()  # the first part is still under way
        raise ValueError("packing")

    s3 = WatchedS3(aws.s3, before)
    with pytest.raises(ValueError, match="packing"):
        write(s3, bucket, chunks(), part_size_bytes=PART)
    assert s3.sent[-2:] == ["upload_part", "abort_multipart_upload"]
    assert_nothing_is_left(aws, bucket)


def test_a_failed_abort_does_not_hide_why_the_write_failed(aws: Any, bucket: str) -> None:
    def before(name: str, arguments: dict[str, Any]) -> None:
        if name in ("upload_part", "abort_multipart_upload"):
            raise ClientError({"Error": {"Code": f"Refused-{name}"}}, name)

    with pytest.raises(ClientError, match="Refused-upload_part") as failure:
        write(WatchedS3(aws.s3, before), bucket, cut(CONTENT), part_size_bytes=PART)
    assert "cannot abort the upload" in failure.value.__notes__[0]


def test_the_chunks_are_closed_when_the_write_fails(aws: Any, bucket: str) -> None:
    closed = []

    def chunks() -> Iterator[bytes]:
        try:
            yield from cut(CONTENT)
        finally:
            closed.append(True)

    def before(name: str, arguments: dict[str, Any]) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, name)

    with pytest.raises(ClientError):
        write(WatchedS3(aws.s3, before), bucket, chunks(), part_size_bytes=PART)
    assert closed == [True]


def test_an_overwritten_object_is_replaced_at_once(aws: Any, bucket: str) -> None:
    write(aws.s3, bucket, [b"first"])

    def failing() -> Iterator[bytes]:
        yield from cut(CONTENT)
        raise ValueError("packing")

    with pytest.raises(ValueError, match="packing"):
        write(aws.s3, bucket, failing(), part_size_bytes=PART)
    assert aws.s3.get_object(Bucket=bucket, Key="a.zip")["Body"].read() == b"first"
