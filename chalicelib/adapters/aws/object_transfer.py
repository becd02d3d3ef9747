"""Streams of objects from and to S3, with consistent reads and atomic writes."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import chain, islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError, ResponseStreamingError
from urllib3.exceptions import HTTPError

from .errors import ObjectChanged, ObjectVanished, error_code
from .multipart import MIB, split_parts

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_READ_BYTES = MIB // 4
_RESUMES = 4
"""Maximum number of consecutive reads of an object that break without a byte."""


def read_object(
    s3: S3Client, bucket: str, key: str, *, etag: str, size_bytes: int
) -> Iterator[bytes]:
    """Yield the complete content of the object with this ETag and size.

    boto3 retries requests, but not reads: a body that breaks is continued from the missing byte.

    Raises ObjectChanged and ObjectVanished, and ClientError or BotoCoreError if S3 does not
    respond or every continuation breaks.
    """
    position = breaks = 0
    while True:
        body = _open_body(s3, bucket, key, etag=etag, position=position, size_bytes=size_bytes)
        try:
            while position < size_bytes:
                try:
                    chunk = body.read(_READ_BYTES)
                    if not chunk:
                        raise _stream_error(f"{key!r} ended after {position} of {size_bytes} bytes")
                except (BotoCoreError, HTTPError) as error:
                    breaks += 1
                    if breaks > _RESUMES:
                        if isinstance(error, BotoCoreError):
                            raise
                        raise _stream_error(error) from error
                    break
                position += len(chunk)
                breaks = 0
                yield chunk
            else:
                return
        finally:
            body.close()


def read_part(s3: S3Client, bucket: str, key: str, *, etag: str, start: int, end: int) -> bytes:
    """Return the bytes [start, end) of the object with this ETag.

    Raises ObjectChanged and ObjectVanished, and ClientError or BotoCoreError if S3 does not
    return all bytes.
    """
    try:
        response = s3.get_object(
            Bucket=bucket, Key=key, IfMatch=etag, Range=f"bytes={start}-{end - 1}"
        )
    except ClientError as error:
        if error_code(error) in ("PreconditionFailed", "412", "InvalidRange"):
            raise ObjectChanged(f"{key!r} is no longer the version {etag}") from error
        if error_code(error) in ("NoSuchKey", "404"):
            raise ObjectVanished(f"{key!r} no longer exists") from error
        raise
    content = response["Body"].read()
    if len(content) != end - start:
        raise _stream_error(f"{len(content)} of {end - start} requested bytes of {key!r} received")
    return content


def write_object(
    s3: S3Client,
    bucket: str,
    key: str,
    pieces: Iterable[bytes],
    *,
    content_type: str,
    content_disposition: str | None,
    part_size_bytes: int = 8 * MIB,
    parallel_parts: int = 3,
) -> str:
    """Store the pieces as one object and return its ETag.

    After an error, also of the pieces, neither an object nor an upload exists. An object of one
    part is stored with one request. Otherwise `parallel_parts` parts are in flight while the next
    one is filled, so that memory contains `parallel_parts + 1` of them.
    """
    attributes: dict[str, Any] = {"Bucket": bucket, "Key": key, "ContentType": content_type}
    if content_disposition is not None:
        attributes["ContentDisposition"] = content_disposition
    pieces = iter(pieces)
    try:
        free_buffers: SimpleQueue[bytearray] = SimpleQueue()
        parts = split_parts(pieces, part_size_bytes, free_buffers)
        first = list(islice(parts, 2))
        if len(first) == 1:
            return s3.put_object(**attributes, Body=cast("bytes", first[0]))["ETag"]
        target = {"Bucket": bucket, "Key": key, "UploadId": _begin_upload(s3, attributes)}
        upload = _Upload(s3, target, free_buffers, parallel_parts)
        etag = upload.complete(chain(first, parts))
        _abort_orphaned_uploads(s3, bucket, key)
        return etag
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def _begin_upload(s3: S3Client, attributes: dict[str, Any]) -> str:
    """Create an upload and return its id. If this fails, abort it, because it may exist."""
    try:
        return s3.create_multipart_upload(**attributes)["UploadId"]
    except (BotoCoreError, ClientError):
        with suppress(BotoCoreError, ClientError):
            _abort_orphaned_uploads(s3, attributes["Bucket"], attributes["Key"])
        raise


class _Upload:
    """An open multipart upload."""

    def __init__(
        self,
        s3: S3Client,
        target: dict[str, Any],
        free_buffers: SimpleQueue[bytearray],
        parallel_parts: int,
    ) -> None:
        self._s3 = s3
        self._target = target
        self._free_buffers = free_buffers
        self._parallel_parts = parallel_parts

    def complete(self, parts: Iterable[bytearray]) -> str:
        try:
            # The pool waits for the parts in flight: S3 would keep, and charge for, a part that
            # arrives after the abort.
            with ThreadPoolExecutor(self._parallel_parts, "upload") as pool:
                try:
                    sent = self._send_all(parts, pool)
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
            return self._s3.complete_multipart_upload(
                **self._target, MultipartUpload={"Parts": sent}
            )["ETag"]
        except BaseException as error:
            self._abort(error)
            raise

    def _send_all(
        self, parts: Iterable[bytearray], pool: ThreadPoolExecutor
    ) -> list[CompletedPartTypeDef]:
        sent: list[CompletedPartTypeDef] = []
        pending: set[Future[CompletedPartTypeDef]] = set()
        for number, part in enumerate(parts, 1):
            if len(pending) == self._parallel_parts:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                sent += [future.result() for future in done]
            pending.add(pool.submit(self._send, number, part))
        sent += [future.result() for future in pending]
        return sorted(sent, key=lambda part: part["PartNumber"])

    def _send(self, number: int, part: bytearray) -> CompletedPartTypeDef:
        # boto3 accepts a bytearray, its stubs do not. Buffers are reused, because new ones for each
        # part would fragment the heap.
        response = self._s3.upload_part(**self._target, PartNumber=number, Body=cast("bytes", part))
        self._free_buffers.put(part)
        return {"PartNumber": number, "ETag": response["ETag"]}

    def _abort(self, reason: BaseException) -> None:
        try:
            self._s3.abort_multipart_upload(**self._target)
        except (BotoCoreError, ClientError) as error:
            # Report why the upload failed. The lifecycle rule of the bucket deletes the parts.
            reason.add_note(f"cannot abort the upload {self._target['UploadId']!r}: {error}")


def _abort_orphaned_uploads(s3: S3Client, bucket: str, key: str) -> None:
    """Abort the other uploads of this key, whose process was killed or whose creation was lost.

    A concurrent writer then fails and retries. If an abort fails, this raises, so that the next
    attempt cleans up.
    """
    for upload in s3.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", []):
        if upload["Key"] == key:
            try:
                s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload["UploadId"])
            except ClientError as error:
                if error_code(error) != "NoSuchUpload":  # it has ended
                    raise


def _open_body(
    s3: S3Client, bucket: str, key: str, *, etag: str, position: int, size_bytes: int
) -> StreamingBody:
    """Return the content from `position` on, after checking version, position and size."""
    request: dict[str, Any] = {"Range": f"bytes={position}-"} if position else {}
    try:
        response = s3.get_object(Bucket=bucket, Key=key, IfMatch=etag, **request)
    except ClientError as error:
        if error_code(error) in ("PreconditionFailed", "412"):
            raise ObjectChanged(f"{key!r} is no longer the version {etag}") from error
        if error_code(error) in ("NoSuchKey", "404"):
            raise ObjectVanished(f"{key!r} no longer exists") from error
        raise
    expected = f"bytes {position}-{size_bytes - 1}/{size_bytes}" if position else None
    length, content_range = response["ContentLength"], response.get("ContentRange")
    if length != size_bytes - position or content_range != expected:
        response["Body"].close()
        if not position:
            raise ObjectChanged(f"{key!r} has {length} bytes, not {size_bytes}")
        raise _stream_error(
            f"{key!r} was requested from byte {position} on, S3 returned {content_range!r}"
        )
    return response["Body"]


def _stream_error(reason: object) -> ResponseStreamingError:
    return ResponseStreamingError(error=reason)
