"""The records of a ZIP file around the members' data, as PKWARE's APPNOTE 6.3 lays them down (section numbers are its own).

Every member is DEFLATE, dated 1980-01-01 (the first day that ZIP can name) and a plain file `rw-r--r--` made on Unix.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_LIMIT_16 = 0xFFFF
_LIMIT_32 = 0xFFFFFFFF
"""A value that reaches its limit stands in a zip64 record instead (4.4.1.4); the field then holds the limit."""

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_ZIP64_END = struct.Struct("<4sQ2H2L4Q")
_ZIP64_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")

_DEFLATED = 8
_TIME, _DATE = 0, (1 << 5) | 1
_UNIX = 3 << 8
_MODE = 0o100644 << 16
_SIZES_FOLLOW = 1 << 3
_NAME_IS_UTF8 = 1 << 11
_ZIP64_TAG = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What both headers of a member say.

    `streamed`: its data goes out before its CRC-32 and compressed size are known, so these follow in a descriptor.
    """

    name: str
    size_bytes: int
    streamed: bool
    crc32: int = 0
    compressed_bytes: int = 0

    @property
    def wide(self) -> bool:
        """Whether the descriptor has 64-bit sizes. It is decided before the data goes out, hence for the worst case.

        ISA-L falls back to stored blocks for what it cannot compress: random data grows by 0.05 %. Between that worst case and
        4 GiB, readers without the directory (Java before 22) expect 32 bits: a member within 8 MiB of 4 GiB is unreadable to them.
        """
        return (
            max(
                self.compressed_bytes,
                self.size_bytes + (self.size_bytes // 512 if self.streamed else 0),
            )
            >= _LIMIT_32
        )

    @property
    def flags(self) -> int:
        return (_SIZES_FOLLOW if self.streamed else 0) | (
            0 if self.name.isascii() else _NAME_IS_UTF8
        )


def local_header(entry: Entry) -> bytes:
    """What stands before the member's data (4.3.7)."""
    name = entry.name.encode()
    crc32, compressed, size = (
        (0, 0, 0) if entry.streamed else (entry.crc32, entry.compressed_bytes, entry.size_bytes)
    )
    extra = b""
    if entry.wide:
        extra = struct.pack("<2H2Q", _ZIP64_TAG, 16, size, compressed)
        compressed = size = _LIMIT_32
    fixed = (
        b"PK\3\4",
        _version(entry.wide),
        entry.flags,
        _DEFLATED,
        _TIME,
        _DATE,
        crc32,
        compressed,
        size,
        len(name),
        len(extra),
    )
    return _LOCAL.pack(*fixed) + name + extra


def data_descriptor(entry: Entry) -> bytes:
    """What stands after the data of a streamed member (4.3.9), with the signature that all readers know."""
    return struct.pack(
        "<4sL2Q" if entry.wide else "<4s3L",
        b"PK\7\x08",
        entry.crc32,
        entry.compressed_bytes,
        entry.size_bytes,
    )


def directory_record(entry: Entry, header_offset: int) -> bytes:
    """The member's record in the central directory (4.3.12); only the values that do not fit go into its zip64 field (4.5.3)."""
    name = entry.name.encode()
    values = (entry.size_bytes, entry.compressed_bytes, header_offset)
    large = [value for value in values if value >= _LIMIT_32]
    extra = struct.pack(f"<2H{len(large)}Q", _ZIP64_TAG, 8 * len(large), *large) if large else b""
    size, compressed, offset = (min(value, _LIMIT_32) for value in values)
    version = _version(bool(large) or entry.wide)
    fixed = (
        b"PK\1\2",
        _UNIX | version,
        version,
        entry.flags,
        _DEFLATED,
        _TIME,
        _DATE,
        entry.crc32,
        compressed,
        size,
    )
    return _CENTRAL.pack(*fixed, len(name), len(extra), 0, 0, 0, _MODE, offset) + name + extra


def directory_end(count: int, offset: int, length: int) -> bytes:
    """What ends the archive: of the central directory the number of records, where it starts, and its bytes (4.3.14-4.3.16)."""
    zip64 = b""
    if count >= _LIMIT_16 or offset >= _LIMIT_32 or length >= _LIMIT_32:
        version = _version(True)
        zip64 = _ZIP64_END.pack(
            b"PK\6\6",
            _ZIP64_END.size - 12,
            _UNIX | version,
            version,
            0,
            0,
            count,
            count,
            length,
            offset,
        )
        zip64 += _ZIP64_LOCATOR.pack(b"PK\6\7", 0, offset + length, 1)
    count = min(count, _LIMIT_16)
    return zip64 + _END.pack(
        b"PK\5\6", 0, 0, count, count, min(length, _LIMIT_32), min(offset, _LIMIT_32), 0
    )


def _version(zip64: bool) -> int:
    return 45 if zip64 else 20
