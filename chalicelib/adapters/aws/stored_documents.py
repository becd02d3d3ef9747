"""The archives and documents of frozen datasets, in the data bucket."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import msgspec

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.freezes import (
    BondMeans,
    Freeze,
    FreezePlan,
    get_bond_means_key,
    get_plan_key,
)

from .errors import DATA_BUCKET, ObjectVanished, translate_errors
from .object_store import ObjectStore
from .stored_datasets import decode_bond_means, decode_plan, encode_bond_means, encode_plan

_JSON = "application/json"


class S3StoredDocuments:
    """Reads and writes what freezes store, except archives and their records."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def copy_archive(self, source_key: str, source_etag: str, target_key: str) -> str | None:
        with translate_errors(DATA_BUCKET):
            return self._objects.copy(source_key, source_etag, target_key)

    def read_plan(self, freeze: Freeze) -> FreezePlan | None:
        content = self._get(get_plan_key(freeze))
        with suppress(msgspec.DecodeError):  # another version of the service wrote it
            return None if content is None else decode_plan(content)
        return None

    def write_plan(self, freeze: Freeze, plan: FreezePlan) -> None:
        self.write_document(get_plan_key(freeze), encode_plan(plan), _JSON)

    def read_bond_means(self, archive_key: str) -> Mapping[int, BondMeans | None] | None:
        content = self._get(get_bond_means_key(archive_key))
        with suppress(msgspec.DecodeError):  # damaged means are calculated again
            return None if content is None else decode_bond_means(content)
        return None

    def write_bond_means(self, archive_key: str, means: Mapping[int, BondMeans | None]) -> None:
        self.write_document(get_bond_means_key(archive_key), encode_bond_means(means), _JSON)

    def read_document(self, key: str) -> bytes:
        content = self._get(key)
        if content is None:
            raise _missing(key)
        return content

    def read_small_document(self, key: str, max_bytes: int) -> bytes | None:
        with translate_errors(DATA_BUCKET):
            try:
                stored, content = self._objects.get(key, max_bytes)
            except ObjectVanished:
                raise _missing(key) from None
        return content if stored.size_bytes <= max_bytes else None

    def write_document(self, key: str, content: bytes, content_type: str) -> None:
        with translate_errors(DATA_BUCKET):
            self._objects.put(key, content, content_type)

    def _get(self, key: str) -> bytes | None:
        with translate_errors(DATA_BUCKET):
            try:
                return self._objects.get(key)[1]
            except ObjectVanished:
                return None


def _missing(key: str) -> Unavailable:
    return Unavailable(
        f"the document {key!r} of a dataset is missing in the data bucket; restore it from a backup"
    )
