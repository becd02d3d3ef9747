"""The content of a member of a ZIP, checked as it is read: by ISA-L, which inflates three times as fast as zlib."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from isal import isal_zlib

DeflateError = cast("type[Exception]", isal_zlib.error)
"""What data that is no DEFLATE raises."""

_READ_BYTES = 128 * 1024
_PIECE_BYTES = 1024 * 1024
_LOCAL = struct.Struct("<4s5H3L2H")


def iter_member(archive: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's content in pieces, each of a megabyte at most however far it was shrunk.

    zipfile.BadZipFile, or Damaged, where it is not what the directory says of it: its name, CRC-32 and packed size; EOFError where it ends.
    """
    archive.seek(member.header_offset)
    fixed = _LOCAL.unpack(_exactly(archive, _LOCAL.size))
    name = _exactly(archive, fixed[9])
    if (
        fixed[0] != b"PK\3\4"
        or name.decode("utf-8" if fixed[2] & 0x800 else "cp437") != member.orig_filename
    ):
        raise zipfile.BadZipFile(
            f"{member.filename!r} has another name before its data than in the directory"
        )
    _exactly(archive, fixed[10])
    crc32 = 0
    for piece in (
        _inflated(archive, member)
        if member.compress_type == zipfile.ZIP_DEFLATED
        else _packed(archive, member, _PIECE_BYTES)
    ):
        crc32 = isal_zlib.crc32(piece, crc32)
        yield piece
    if crc32 != member.CRC:
        raise zipfile.BadZipFile(
            f"{member.filename!r} has CRC-32 {crc32:08x}, the directory says {member.CRC:08x}"
        )


def _inflated(archive: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    inflater = isal_zlib.decompressobj(wbits=-15)
    for packed in _packed(archive, member, _READ_BYTES):
        rest = packed
        while rest and not inflater.eof:
            if piece := inflater.decompress(rest, _PIECE_BYTES):
                yield piece
            rest = inflater.unconsumed_tail
    while not inflater.eof:
        if not (piece := inflater.decompress(b"", _PIECE_BYTES)):
            raise EOFError(f"{member.filename!r} ends in the middle")
        yield piece
    if inflater.unused_data:
        raise zipfile.BadZipFile(f"{member.filename!r} is longer packed than its data")


def _packed(archive: BinaryIO, member: zipfile.ZipInfo, count: int) -> Iterator[bytes]:
    left = member.compress_size
    while left:
        piece = _exactly(archive, min(count, left))
        left -= len(piece)
        yield piece


def _exactly(archive: BinaryIO, count: int) -> bytes:
    if len(piece := archive.read(count)) != count:
        raise EOFError("the archive ends in the middle of a member")
    return piece
