"""Headers and directory records of a ZIP file. Section numbers are those of PKWARE APPNOTE 6.3.

Every member is DEFLATE, dated 1980-01-01 (the first date of ZIP), and a regular file `rw-r--r--`
from Unix.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_LIMIT_16 = 0xFFFF
_LIMIT_32 = 0xFFFFFFFF
"""A value from this limit on is in a zip64 record, and its field contains the limit (4.4.1.4)."""

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
    """The fields that both headers of a member contain.

    If `streamed`, the data is written before its CRC-32 and compressed size are known, and a data
    descriptor with them follows.
    """

    name: str
    size_bytes: int
    streamed: bool
    crc32: int = 0
    compressed_bytes: int = 0

    @property
    def is_zip64(self) -> bool:
        """Return True if the descriptor has 64-bit sizes. This is decided before writing the data.

        The worst case counts: ISA-L stores blocks that it cannot compress, so that random data
        grows by 0.05 %. Between that worst case and 4 GiB, readers without the directory (Java
        before 22) expect 32 bits: they cannot read a member within 8 MiB of 4 GiB.
        """
        growth_bytes = self.size_bytes // 512 if self.streamed else 0
        return max(self.compressed_bytes, self.size_bytes + growth_bytes) >= _LIMIT_32

    @property
    def flags(self) -> int:
        return (_SIZES_FOLLOW if self.streamed else 0) | (
            0 if self.name.isascii() else _NAME_IS_UTF8
        )


def build_local_header(entry: Entry) -> bytes:
    """Return the header before the data of a member (4.3.7)."""
    name = entry.name.encode()
    crc32, compressed, size = (
        (0, 0, 0) if entry.streamed else (entry.crc32, entry.compressed_bytes, entry.size_bytes)
    )
    extra = b""
    if entry.is_zip64:
        extra = struct.pack("<2H2Q", _ZIP64_TAG, 16, size, compressed)
        compressed = size = _LIMIT_32
    fixed = (
        b"PK\3\4",
        _version(entry.is_zip64),
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


def build_data_descriptor(entry: Entry) -> bytes:
    """Return the record after the data of a streamed member (4.3.9), with the usual signature."""
    return struct.pack(
        "<4sL2Q" if entry.is_zip64 else "<4s3L",
        b"PK\7\x08",
        entry.crc32,
        entry.compressed_bytes,
        entry.size_bytes,
    )


def build_directory_record(entry: Entry, header_offset: int) -> bytes:
    """Return the record of a member in the central directory (4.3.12).

    Its zip64 field contains only the values that do not fit (4.5.3).
    """
    name = entry.name.encode()
    values = (entry.size_bytes, entry.compressed_bytes, header_offset)
    large = [value for value in values if value >= _LIMIT_32]
    extra = struct.pack(f"<2H{len(large)}Q", _ZIP64_TAG, 8 * len(large), *large) if large else b""
    size, compressed, offset = (min(value, _LIMIT_32) for value in values)
    version = _version(bool(large) or entry.is_zip64)
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


def build_directory_end(count: int, offset: int, length: int) -> bytes:
    """Return the end of the archive (4.3.14-4.3.16).

    `count` is the number of records in the central directory, `offset` its start, `length` its
    bytes.
    """
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
