"""Cache of bond indexes, in the data bucket.

The key is `archives/<nc>/<id_run>/<sub_run>/<fingerprint>.bonds.json`. Like archives, indexes are
built from the files of a sub-run, named by their content, and deleted by the lifecycle rule.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from chalicelib.domain.artifacts import get_archives_prefix
from chalicelib.domain.bonds import BondIndex
from chalicelib.domain.runs import SubRunKey

from .errors import DATA_BUCKET, ObjectVanished, translate_errors
from .object_store import ObjectStore
from .stored_records import decode_bond_index, encode_bond_index


class S3BondCache:
    """Implements `usecases.ports.BondCache`."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def get(self, key: SubRunKey, fingerprint: str) -> BondIndex | None:
        with translate_errors(DATA_BUCKET):
            try:
                _, content = self._objects.get(_get_record_key(key, fingerprint))
            except ObjectVanished:
                return None
        with suppress(msgspec.DecodeError):  # a damaged index is built again
            return decode_bond_index(content)
        return None

    def put(self, key: SubRunKey, fingerprint: str, index: BondIndex) -> None:
        with translate_errors(DATA_BUCKET):
            content = encode_bond_index(index)
            self._objects.put(_get_record_key(key, fingerprint), content, "application/json")


def _get_record_key(key: SubRunKey, fingerprint: str) -> str:
    return f"{get_archives_prefix(key)}{fingerprint}.bonds.json"
