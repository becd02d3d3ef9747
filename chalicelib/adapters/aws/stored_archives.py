"""The archives of stored files and their records, in the data bucket."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

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

ARCHIVE_LIFETIME = timedelta(days=30)
"""Age at which the lifecycle rule of the bucket deletes archives and their records."""
RECORD_LIFETIME = ARCHIVE_LIFETIME - timedelta(days=1)
"""Rules run daily, so an archive can be deleted a day before its record: older ones are ignored."""


_MAX_CACHED_FILES = 20_000
"""Limit of the files in cached records: a megabyte for about 2,000."""


class _StoredRecord(NamedTuple):
    record: ArchiveRecord
    modified_at: datetime

    @property
    def age(self) -> timedelta:
        return datetime.now(UTC) - self.modified_at


class S3StoredArchives:
    """Reads and writes archives and their records."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._cache = _RecordCache()

    def get_archive_record(self, archive_key: str) -> ArchiveRecord | None:
        found = self._cache.get(archive_key)
        if found:
            stored = self._get_etag_and_size(archive_key)
        else:
            found, stored = run_parallel(
                lambda: self._read_record(archive_key), lambda: self._get_etag_and_size(archive_key)
            )
            if (found is None) != (stored is None):
                # Read the missing half again: a truncated response must not cause a rebuild.
                found = found or self._read_record(archive_key)
                stored = stored or self._get_etag_and_size(archive_key)
        if found and found.age < RECORD_LIFETIME:
            record = found.record
            if (record.etag, record.size_bytes) == stored:
                self._cache.add(archive_key, found)
                return record
        self._cache.remove(archive_key)
        return None

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
        self._cache.add(archive_key, _StoredRecord(record, datetime.now(UTC)))

    def delete_archive_record(self, archive_key: str) -> None:
        self._cache.remove(archive_key)
        with translate_errors(DATA_BUCKET):
            self._objects.delete(_get_record_key(archive_key))

    def _read_record(self, archive_key: str) -> _StoredRecord | None:
        """Return the record, or None if it is missing or unreadable."""
        with translate_errors(DATA_BUCKET):
            try:
                stored, content = self._objects.get(_get_record_key(archive_key))
            except ObjectVanished:
                return None
            except ObjectStoreError as error:
                if error.code not in _UNREADABLE:
                    raise
                return None
        with suppress(msgspec.DecodeError):
            return _StoredRecord(decode_archive_record(content), stored.modified_at)
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


class _RecordCache:
    """Records of intact archives. Age, ETag and size are checked at every use."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, _StoredRecord] = OrderedDict()
        self._files = 0
        self._lock = threading.Lock()

    def get(self, archive_key: str) -> _StoredRecord | None:
        return self._records.get(archive_key)

    def add(self, archive_key: str, found: _StoredRecord) -> None:
        with self._lock:
            if self._records.get(archive_key) is found:
                return
            self._discard(archive_key)
            self._records[archive_key] = found
            self._files += len(found.record.files)
            while self._files > _MAX_CACHED_FILES:
                self._files -= len(self._records.popitem(last=False)[1].record.files)

    def remove(self, archive_key: str) -> None:
        with self._lock:
            self._discard(archive_key)

    def _discard(self, archive_key: str) -> None:
        found = self._records.pop(archive_key, None)
        self._files -= len(found.record.files) if found else 0


def _get_record_key(archive_key: str) -> str:
    return archive_key.removesuffix(".zip") + ".json"
