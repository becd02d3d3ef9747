"""The archives of stored files and their records, in the data bucket."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from chalicelib.domain.archive_record import ArchiveRecord

from .errors import DATA_BUCKET, error_code, translate_errors, translate_read_errors
from .object_transfer import read_part, write_object
from .stored_records import decode_archive_record, encode_archive_record

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_UNREADABLE = ("NoSuchKey", "404", "InternalError", "500")
"""Error codes of a missing or damaged object. SeaweedFS returns the last two for lost content."""
_BROKEN_BODY = (HTTPClientError, IncompleteReadError)
"""Errors of a body that breaks."""

ARCHIVE_LIFETIME = timedelta(days=30)
"""Age at which the lifecycle rule of the bucket deletes archives and their records."""
RECORD_LIFETIME = ARCHIVE_LIFETIME - timedelta(days=1)
"""Rules run daily, so an archive can be deleted a day before its record: older ones are ignored."""


class S3StoredArchives:
    """Reads and writes archives and their records.

    Archives are stored with `write_client`, which may have longer timeouts than `client`.
    """

    def __init__(self, client: S3Client, write_client: S3Client, bucket: str) -> None:
        self._client = client
        self._write_client = write_client
        self._bucket = bucket

    def get_archive_record(self, archive_key: str) -> ArchiveRecord | None:
        # Concurrently, to save a round trip.
        with ThreadPoolExecutor(1, thread_name_prefix="head") as pool:
            head = pool.submit(self._get_etag_and_size, archive_key)
            record = self._read_record(archive_key)
            stored = head.result()
        if (record is None) != (stored is None):
            # Read the missing half again: a truncated response must not cause a rebuild.
            record = record or self._read_record(archive_key)
            stored = stored or self._get_etag_and_size(archive_key)
        return record if record and (record.etag, record.size_bytes) == stored else None

    def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
        with translate_read_errors(archive_key):
            return read_part(
                self._client, self._bucket, archive_key, etag=etag, start=start, end=end
            )

    def write_archive(self, archive_key: str, pieces: Iterable[bytes], filename: str) -> str:
        with translate_errors(DATA_BUCKET):
            return write_object(
                self._write_client,
                self._bucket,
                archive_key,
                pieces,
                content_type="application/zip",
                content_disposition=f'attachment; filename="{filename}"',
            )

    def write_archive_record(self, archive_key: str, record: ArchiveRecord) -> None:
        with translate_errors(DATA_BUCKET):
            self._client.put_object(
                Bucket=self._bucket,
                Key=_get_record_key(archive_key),
                Body=encode_archive_record(record),
                ContentType="application/json",
            )

    def delete_archive_record(self, archive_key: str) -> None:
        with translate_errors(DATA_BUCKET):
            self._client.delete_object(Bucket=self._bucket, Key=_get_record_key(archive_key))

    def _read_record(self, archive_key: str) -> ArchiveRecord | None:
        """Return the record, or None if it is missing, unreadable or too old."""
        with translate_errors(DATA_BUCKET):
            try:
                response = self._client.get_object(
                    Bucket=self._bucket, Key=_get_record_key(archive_key)
                )
            except ClientError as error:
                if error_code(error) not in _UNREADABLE:
                    raise
                return None
            try:
                content = response["Body"].read()
            except _BROKEN_BODY:
                return None
        if response["LastModified"] < datetime.now(UTC) - RECORD_LIFETIME:
            return None
        with suppress(msgspec.DecodeError):
            return decode_archive_record(content)
        return None

    def _get_etag_and_size(self, archive_key: str) -> tuple[str, int] | None:
        """Return ETag and size of the archive, or None if it is missing or unreadable."""
        with translate_errors(DATA_BUCKET):
            try:
                response = self._client.head_object(Bucket=self._bucket, Key=archive_key)
            except ClientError as error:
                if error_code(error) not in _UNREADABLE:
                    raise
                return None
        return response["ETag"], response["ContentLength"]


def _get_record_key(archive_key: str) -> str:
    return archive_key.removesuffix(".zip") + ".json"
