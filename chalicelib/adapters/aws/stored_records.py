"""The JSON of stored records.

The field names are written here, so that renaming Python code cannot change what is stored.

    archives/.../<fingerprint>.json         ArchiveRecord, in the data bucket
    archives/.../<fingerprint>.bonds.json   BondIndex, in the data bucket
    facts of an OUTCOMES item               CachedFacts by sub-run, in the run table

The decoders raise msgspec.DecodeError for content that does not have these fields. Every record
here is a cache entry: callers treat such content as missing. tests/contract/test_stored_records.py
decodes records that earlier versions wrote, so that a renamed field of the domain is detected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from chalicelib.domain.archive_record import ArchiveRecord, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.bonds import BondIndex
from chalicelib.domain.outcomes import CachedFacts

T = TypeVar("T")


class _StoredFile(Struct):
    name: str
    size_bytes: int
    sha256: str
    role: Role
    crc32: int
    compressed_bytes: int
    data_offset: int


class _StoredArchive(Struct):
    size_bytes: int
    etag: str
    sha256: str
    files: list[_StoredFile]


class _StoredBond(Struct):
    label_a: str
    label_b: str
    atom_a: int
    atom_b: int
    bond_type: str
    distance: float
    translation: tuple[int, int, int]
    icohp: float


class _StoredSummary(Struct):
    bond_type: str
    bonds: int
    mean_distance: float
    mean_icohp: float


class _StoredBondIndex(Struct):
    total: int
    summaries: list[_StoredSummary]
    bonds: list[_StoredBond] | None
    offsets: list[int]


class StoredFacts(Struct):
    """Facts of a sub-run, also in the plans of freezes."""

    has_files: bool
    scf_converged: bool | None
    scf_iterations: int | None
    lobster_finished: bool
    bonds_expected: int | None
    bond_labels: int | None
    total_energy_ry: float | None


class _StoredVersion(Struct):
    version: str
    facts: StoredFacts | None


class _CompactFacts(StoredFacts, array_like=True):
    """The values in the order of the fields: new fields come last, with a default."""


class _CompactVersion(Struct, array_like=True):
    version: str
    facts: _CompactFacts | None


_StoredFactsByRun = dict[int, _StoredVersion]
_CompactFactsByRun = dict[int, _CompactVersion]
"""A search reads the facts of all runs: without the names they take 40 % of the bytes."""
_ARCHIVE_DECODER = msgspec.json.Decoder(_StoredArchive)


def encode_archive_record(record: ArchiveRecord) -> bytes:
    """Return the JSON of an archive record."""
    return encode_stored(record, _StoredArchive)


def decode_archive_record(content: bytes) -> ArchiveRecord:
    """Return the archive record of stored JSON. Every repeated download reads one."""
    stored = _ARCHIVE_DECODER.decode(content)
    files = tuple(
        PackedFile(
            name=file.name,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            role=file.role,
            crc32=file.crc32,
            compressed_bytes=file.compressed_bytes,
            data_offset=file.data_offset,
        )
        for file in stored.files
    )
    return ArchiveRecord(stored.size_bytes, stored.etag, stored.sha256, files)


def encode_bond_index(index: BondIndex) -> bytes:
    """Return the JSON of an index of bonds."""
    return encode_stored(index, _StoredBondIndex)


def decode_bond_index(content: bytes) -> BondIndex:
    """Return the index of bonds of stored JSON."""
    return decode_stored(content, _StoredBondIndex, BondIndex)


def encode_facts(facts: Mapping[int, CachedFacts]) -> str:
    """Return the JSON of the facts of a run, by sub-run."""
    return encode_stored(facts, _CompactFactsByRun).decode()


def decode_facts(content: str) -> dict[int, CachedFacts]:
    """Return the facts of stored JSON, by sub-run. Version 0.1.0 wrote field names."""
    try:
        return decode_stored(content.encode(), _CompactFactsByRun, dict[int, CachedFacts])
    except msgspec.ValidationError:
        return decode_stored(content.encode(), _StoredFactsByRun, dict[int, CachedFacts])


def encode_stored(source: object, stored_type: Any) -> bytes:
    """Return the JSON of an object, in the form of a type of this module or `stored_datasets`."""
    return msgspec.json.encode(msgspec.convert(source, stored_type, from_attributes=True))


def decode_stored(content: bytes, stored_type: Any, target_type: type[T]) -> T:
    """Return the object of JSON that `encode_stored` returned for the same type."""
    stored = msgspec.json.decode(content, type=stored_type)
    return msgspec.convert(stored, target_type, from_attributes=True)
