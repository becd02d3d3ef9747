"""The JSON of stored records. Its field names are written here, so that renaming Python code cannot change what is stored.

    archives/.../<fingerprint>.json         ArchiveRecord, in the data bucket
    archives/.../<fingerprint>.bonds.json   BondIndex, in the data bucket
    facts of an OUTCOMES item               CachedFacts by sub-run, in the run table

The decoders raise msgspec.DecodeError for content that does not have these fields. Every record here is a cache entry: callers treat
such content as missing. tests/contract/test_stored_records.py decodes records that earlier versions wrote.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from chalicelib.domain.archive_record import ArchiveRecord, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.bonds import Bond, BondIndex, BondTypeSummary
from chalicelib.domain.outcomes import CachedFacts, CalculationFacts


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


class _StoredFacts(Struct):
    has_files: bool
    scf_converged: bool | None
    scf_iterations: int | None
    lobster_finished: bool
    bonds_expected: int | None
    bond_labels: int | None
    total_energy_ry: float | None


class _StoredVersion(Struct):
    version: str
    facts: _StoredFacts | None


_ARCHIVE = msgspec.json.Decoder(_StoredArchive)
_BOND_INDEX = msgspec.json.Decoder(_StoredBondIndex)
_FACTS = msgspec.json.Decoder(dict[int, _StoredVersion])


def encode_archive_record(record: ArchiveRecord) -> bytes:
    """Return the JSON of an archive record."""
    files = [
        _StoredFile(
            name=file.name,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            role=file.role,
            crc32=file.crc32,
            compressed_bytes=file.compressed_bytes,
            data_offset=file.data_offset,
        )
        for file in record.files
    ]
    return msgspec.json.encode(
        _StoredArchive(
            size_bytes=record.size_bytes, etag=record.etag, sha256=record.sha256, files=files
        )
    )


def decode_archive_record(content: bytes) -> ArchiveRecord:
    """Return the archive record of stored JSON."""
    stored = _ARCHIVE.decode(content)
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
    return msgspec.json.encode(
        _StoredBondIndex(
            total=index.total,
            summaries=[
                _StoredSummary(
                    bond_type=summary.bond_type,
                    bonds=summary.bonds,
                    mean_distance=summary.mean_distance,
                    mean_icohp=summary.mean_icohp,
                )
                for summary in index.summaries
            ],
            bonds=None if index.bonds is None else [_stored_bond(bond) for bond in index.bonds],
            offsets=list(index.offsets),
        )
    )


def decode_bond_index(content: bytes) -> BondIndex:
    """Return the index of bonds of stored JSON."""
    stored = _BOND_INDEX.decode(content)
    return BondIndex(
        total=stored.total,
        summaries=tuple(
            BondTypeSummary(each.bond_type, each.bonds, each.mean_distance, each.mean_icohp)
            for each in stored.summaries
        ),
        bonds=None if stored.bonds is None else tuple(_bond(bond) for bond in stored.bonds),
        offsets=tuple(stored.offsets),
    )


def encode_facts(facts: Mapping[int, CachedFacts]) -> str:
    """Return the JSON of the facts of a run, by sub-run."""
    return msgspec.json.encode(
        {
            sub_run: _StoredVersion(each.version, _stored_facts(each.facts) if each.facts else None)
            for sub_run, each in facts.items()
        }
    ).decode()


def decode_facts(content: str) -> dict[int, CachedFacts]:
    """Return the facts of stored JSON, by sub-run."""
    return {
        sub_run: CachedFacts(each.version, _facts(each.facts) if each.facts else None)
        for sub_run, each in _FACTS.decode(content).items()
    }


def _stored_bond(bond: Bond) -> _StoredBond:
    return _StoredBond(
        label_a=bond.label_a,
        label_b=bond.label_b,
        atom_a=bond.atom_a,
        atom_b=bond.atom_b,
        bond_type=bond.bond_type,
        distance=bond.distance,
        translation=bond.translation,
        icohp=bond.icohp,
    )


def _bond(stored: _StoredBond) -> Bond:
    return Bond(
        label_a=stored.label_a,
        label_b=stored.label_b,
        atom_a=stored.atom_a,
        atom_b=stored.atom_b,
        bond_type=stored.bond_type,
        distance=stored.distance,
        translation=stored.translation,
        icohp=stored.icohp,
    )


def _stored_facts(facts: CalculationFacts) -> _StoredFacts:
    return _StoredFacts(
        has_files=facts.has_files,
        scf_converged=facts.scf_converged,
        scf_iterations=facts.scf_iterations,
        lobster_finished=facts.lobster_finished,
        bonds_expected=facts.bonds_expected,
        bond_labels=facts.bond_labels,
        total_energy_ry=facts.total_energy_ry,
    )


def _facts(stored: _StoredFacts) -> CalculationFacts:
    return CalculationFacts(
        has_files=stored.has_files,
        scf_converged=stored.scf_converged,
        scf_iterations=stored.scf_iterations,
        lobster_finished=stored.lobster_finished,
        bonds_expected=stored.bonds_expected,
        bond_labels=stored.bond_labels,
        total_energy_ry=stored.total_energy_ry,
    )
