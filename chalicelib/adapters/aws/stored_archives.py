"""The archives of stored files and their records, in the data bucket."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec

from chalicelib.domain.archive_record import ArchiveRecord
from chalicelib.usecases.parallel_calls import run_parallel

from .errors import (
    DATA_BUCKET,
    ObjectStoreError,
    ObjectVanished,
    translate_errors,
    translate_read_errors,
)
from .object_store import ObjectStore
from .stored_records import decode_archive_record, encode_archive_record

_UNREADABLE = ("404", "InternalError", "500")
"""Error codes of a damaged object. SeaweedFS returns the last two for lost content."""

ARCHIVES_PREFIX = "archives/"
"""Prefix of the lifecycle rule. Archives of datasets have another one."""
ARCHIVE_LIFETIME = timedelta(days=30)
"""Age at which the lifecycle rule of the bucket deletes archives and their records."""
RECORD_LIFETIME = ARCHIVE_LIFETIME - timedelta(days=1)
"""Rules run daily, so an archive can be deleted a day before its record: older ones are ignored."""


class S3StoredArchives:
    """Reads and writes archives and their records."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def get_archive_record(self, archive_key: str) -> ArchiveRecord | None:
        record, stored = run_parallel(
            lambda: self._read_record(archive_key), lambda: self._get_etag_and_size(archive_key)
        )
        if (record is None) != (stored is None):
            # Read the missing half again: a truncated response must not cause a rebuild.
            record = record or self._read_record(archive_key)
            stored = stored or self._get_etag_and_size(archive_key)
        return record if record and (record.etag, record.size_bytes) == stored else None

    def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
        with translate_read_errors(archive_key):
            return self._objects.read_range(archive_key, etag=etag, start=start, end=end)

    def write_archive(self, archive_key: str, pieces: Iterable[bytes], filename: str) -> str:
        attributes = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{filename}"',
        }
        with translate_errors(DATA_BUCKET):
            return self._objects.write(archive_key, pieces, attributes)

    def write_archive_record(self, archive_key: str, record: ArchiveRecord) -> None:
        with translate_errors(DATA_BUCKET):
            content = encode_archive_record(record)
            self._objects.put(_get_record_key(archive_key), content, "application/json")

    def delete_archive_record(self, archive_key: str) -> None:
        with translate_errors(DATA_BUCKET):
            self._objects.delete(_get_record_key(archive_key))

    def _read_record(self, archive_key: str) -> ArchiveRecord | None:
        """Return the record, or None if it is missing, unreadable or too old."""
        with translate_errors(DATA_BUCKET):
            try:
                stored, content = self._objects.get(_get_record_key(archive_key))
            except ObjectVanished:
                return None
            except ObjectStoreError as error:
                if error.code not in _UNREADABLE:
                    raise
                return None
        expires = archive_key.startswith(ARCHIVES_PREFIX)
        if expires and stored.modified_at < datetime.now(UTC) - RECORD_LIFETIME:
            return None
        with suppress(msgspec.DecodeError):
            return decode_archive_record(content)
        return None

    def _get_etag_and_size(self, archive_key: str) -> tuple[str, int] | None:
        """Return ETag and size of the archive, or None if it is missing or unreadable."""
        with translate_errors(DATA_BUCKET):
            try:
                stored = self._objects.head(archive_key)
            except ObjectStoreError as error:
                if error.code not in _UNREADABLE:
                    raise
                return None
        return (stored.etag, stored.size_bytes) if stored else None


def _get_record_key(archive_key: str) -> str:
    return archive_key.removesuffix(".zip") + ".json"
