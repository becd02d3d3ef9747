"""Reader of ZIP members that verifies them. ISA-L decompresses three times as fast as zlib."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from isal import isal_zlib

DeflateError = cast("type[Exception]", isal_zlib.error)
"""Raised by data that is not valid DEFLATE."""

_READ_BYTES = 128 * 1024
_BLOCK_BYTES = 256 * 1024
"""glibc returns larger blocks to the system, which costs a page fault per 4 KiB of each next one:
17,000 for a run of 89 MB with blocks of 1 MiB, 700 with 256 KiB."""
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")


def iter_member(archive: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of a member in blocks of at most 256 KiB, at any compression ratio.

    Args:
        archive: File of the archive.
        member: Member as the central directory describes it.

    Raises:
        zipfile.BadZipFile: Name, CRC-32 or compressed size differ from the central directory.
        DeflateError: The data is not valid DEFLATE.
        EOFError: The archive ends inside the member.
    """
    archive.seek(member.header_offset)
    header = _LOCAL_HEADER.unpack(_read_exactly(archive, _LOCAL_HEADER.size))
    name = _read_exactly(archive, header[9])
    if (
        header[0] != b"PK\3\4"
        or name.decode("utf-8" if header[2] & 0x800 else "cp437") != member.orig_filename
    ):
        raise zipfile.BadZipFile(
            f"{member.filename!r} has another name in its local header than in the directory"
        )
    _read_exactly(archive, header[10])
    crc32 = 0
    for block in (
        _iter_inflated(archive, member)
        if member.compress_type == zipfile.ZIP_DEFLATED
        else _iter_raw(archive, member, _BLOCK_BYTES)
    ):
        crc32 = isal_zlib.crc32(block, crc32)
        yield block
    if crc32 != member.CRC:
        raise zipfile.BadZipFile(
            f"{member.filename!r} has CRC-32 {crc32:08x}; expected {member.CRC:08x}"
        )


def _iter_inflated(archive: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    decompressor = isal_zlib.decompressobj(wbits=-15)
    for raw in _iter_raw(archive, member, _READ_BYTES):
        rest = raw
        while rest and not decompressor.eof:
            if block := decompressor.decompress(rest, _BLOCK_BYTES):
                yield block
            rest = decompressor.unconsumed_tail
    while not decompressor.eof:
        if not (block := decompressor.decompress(b"", _BLOCK_BYTES)):
            raise EOFError(f"{member.filename!r} is truncated")
        yield block
    if decompressor.unused_data:
        raise zipfile.BadZipFile(f"{member.filename!r} has data after its compressed content")


def _iter_raw(archive: BinaryIO, member: zipfile.ZipInfo, block_bytes: int) -> Iterator[bytes]:
    remaining = member.compress_size
    while remaining:
        block = _read_exactly(archive, min(block_bytes, remaining))
        remaining -= len(block)
        yield block


def _read_exactly(archive: BinaryIO, count: int) -> bytes:
    if len(block := archive.read(count)) != count:
        raise EOFError("the archive ends inside a member")
    return block
