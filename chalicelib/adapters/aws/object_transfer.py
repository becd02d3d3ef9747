"""Objects in and out of S3, piece by piece: never a spliced read, never half an object.

ObjectChanged   it is no longer the version that was asked for
ObjectVanished  it is no longer there
ObjectTooLarge  more than the parts of one upload can hold
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import chain, islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError, ResponseStreamingError
from urllib3.exceptions import HTTPError

from .errors import error_code
from .multipart import MAX_PARTS, MIB, parts

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_READ_BYTES = MIB // 4
_RESUMES = 4
"""Reads of one object that may break in a row without a byte in between."""


class ObjectChanged(Exception):
    pass


class ObjectVanished(Exception):
    pass


class ObjectTooLarge(Exception):
    pass


def read_object(
    s3: S3Client, bucket: str, key: str, *, etag: str, size_bytes: int
) -> Iterator[bytes]:
    """The content of the object with that ETag and size, all of it or an error.

    boto3 repeats requests, not reads: a body that breaks off is continued from the byte where it did. ObjectChanged, ObjectVanished;
    ClientError and BotoCoreError when S3 does not answer or every continuation breaks.
    """
    position = breaks = 0
    while True:
        body = _body(s3, bucket, key, etag=etag, position=position, size_bytes=size_bytes)
        try:
            while position < size_bytes:
                try:
                    chunk = body.read(_READ_BYTES)
                    if not chunk:
                        raise _broken(f"{key!r} ended after {position} of {size_bytes} bytes")
                except (BotoCoreError, HTTPError) as error:
                    breaks += 1
                    if breaks > _RESUMES:
                        raise (
                            error if isinstance(error, BotoCoreError) else _broken(error)
                        ) from error
                    break
                position += len(chunk)
                breaks = 0
                yield chunk
            else:
                return
        finally:
            body.close()


def read_part(s3: S3Client, bucket: str, key: str, *, etag: str, start: int, end: int) -> bytes:
    """Return the bytes from `start` up to, not including, `end` of the object with that ETag.

    ObjectChanged, ObjectVanished; ClientError and BotoCoreError when S3 does not return all of them.
    """
    try:
        response = s3.get_object(
            Bucket=bucket, Key=key, IfMatch=etag, Range=f"bytes={start}-{end - 1}"
        )
    except ClientError as error:
        if error_code(error) in ("PreconditionFailed", "412", "InvalidRange"):
            raise ObjectChanged(f"{key!r} is no longer the version {etag}") from error
        if error_code(error) in ("NoSuchKey", "404"):
            raise ObjectVanished(f"{key!r} does not exist any more") from error
        raise
    return whole(response["Body"].read(), key, end - start)


def whole(content: bytes, key: str, size_bytes: int) -> bytes:
    """The content that was asked for; ResponseStreamingError where it is of another size, whatever S3 says of it."""
    if len(content) != size_bytes:
        raise _broken(f"{key!r} was asked for {size_bytes} bytes, and answered {len(content)}")
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
    """Store the pieces as one object and return its ETag. Whatever goes wrong, in the pieces too, no object and no upload is left.

    What fits into one part is one request; otherwise `parallel_parts` parts are in flight while the next one fills, so memory holds
    `parallel_parts + 1` of them. ObjectTooLarge beyond 10,000 parts: larger objects need a larger `part_size_bytes`.
    """
    attributes: dict[str, Any] = {"Bucket": bucket, "Key": key, "ContentType": content_type}
    if content_disposition is not None:
        attributes["ContentDisposition"] = content_disposition
    pieces = iter(pieces)
    try:
        spare: SimpleQueue[bytearray] = SimpleQueue()
        cut = parts(pieces, part_size_bytes, spare)
        begun = list(islice(cut, 2))
        if len(begun) == 1:
            return s3.put_object(**attributes, Body=cast("bytes", begun[0]))["ETag"]
        address = {"Bucket": bucket, "Key": key, "UploadId": _begin_upload(s3, attributes)}
        etag = _Upload(s3, address, spare, parallel_parts).complete(chain(begun, cut))
        _abort_strays(s3, bucket, key)
        return etag
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def _begin_upload(s3: S3Client, attributes: dict[str, Any]) -> str:
    """Create an upload and return its identifier. If that fails, the upload may exist all the same: abort it, if that is possible."""
    try:
        return s3.create_multipart_upload(**attributes)["UploadId"]
    except (BotoCoreError, ClientError):
        with suppress(BotoCoreError, ClientError):
            _abort_strays(s3, attributes["Bucket"], attributes["Key"])
        raise


class _Upload:
    """A multipart upload that is open."""

    def __init__(
        self,
        s3: S3Client,
        address: dict[str, Any],
        spare: SimpleQueue[bytearray],
        parallel_parts: int,
    ) -> None:
        self._s3 = s3
        self._address = address
        self._spare = spare
        self._parallel_parts = parallel_parts

    def complete(self, parts: Iterable[bytearray]) -> str:
        try:
            # Leaving the pool waits for the parts in flight: one that arrives after the abort would be kept, and paid for.
            with ThreadPoolExecutor(self._parallel_parts, "upload") as pool:
                try:
                    sent = self._send_all(parts, pool)
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
            return self._s3.complete_multipart_upload(
                **self._address, MultipartUpload={"Parts": sent}
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
            if number > MAX_PARTS:
                raise ObjectTooLarge(
                    f"{self._address['Key']!r} does not fit into {MAX_PARTS} parts"
                )
            if len(pending) == self._parallel_parts:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                sent += [future.result() for future in done]
            pending.add(pool.submit(self._send, number, part))
        sent += [future.result() for future in pending]
        return sorted(sent, key=lambda part: part["PartNumber"])

    def _send(self, number: int, part: bytearray) -> CompletedPartTypeDef:
        # boto3 takes a bytearray where its stubs want bytes. Buffers go round: new ones for each part would scatter the heap.
        answer = self._s3.upload_part(**self._address, PartNumber=number, Body=cast("bytes", part))
        self._spare.put(part)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _abort(self, reason: BaseException) -> None:
        try:
            self._s3.abort_multipart_upload(**self._address)
        except (BotoCoreError, ClientError) as error:
            # The lifecycle rule of the bucket clears it away; what is to be known is why the upload failed.
            reason.add_note(
                f"the upload {self._address['UploadId']!r} could not be aborted: {error}"
            )


def _abort_strays(s3: S3Client, bucket: str, key: str) -> None:
    """End the other uploads of this object: of a process that was killed, or one that was created and whose answer got lost.

    Who is still at one of them fails; nothing is lost. What cannot be ended fails the whole, so that the next try ends it.
    """
    for upload in s3.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", []):
        if upload["Key"] == key:
            try:
                s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload["UploadId"])
            except ClientError as error:
                if error_code(error) != "NoSuchUpload":  # it ended by itself
                    raise


def _body(
    s3: S3Client, bucket: str, key: str, *, etag: str, position: int, size_bytes: int
) -> StreamingBody:
    """The object from `position` on, checked to be just that."""
    request: dict[str, Any] = {"Range": f"bytes={position}-"} if position else {}
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, IfMatch=etag, **request)
    except ClientError as error:
        if error_code(error) in ("PreconditionFailed", "412"):
            raise ObjectChanged(f"{key!r} is no longer the version {etag}") from error
        if error_code(error) in ("NoSuchKey", "404"):
            raise ObjectVanished(f"{key!r} is no longer there") from error
        raise
    expected = f"bytes {position}-{size_bytes - 1}/{size_bytes}" if position else None
    if answer["ContentLength"] != size_bytes - position or answer.get("ContentRange") != expected:
        answer["Body"].close()
        if not position:
            raise ObjectChanged(f"{key!r} has {answer['ContentLength']} bytes, not {size_bytes}")
        raise _broken(
            f"{key!r} was asked for from byte {position} on, and answered {answer.get('ContentRange')!r}"
        )
    return answer["Body"]


def _broken(reason: object) -> ResponseStreamingError:
    return ResponseStreamingError(error=reason)
