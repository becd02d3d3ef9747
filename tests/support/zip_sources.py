"""Sources for the packer, out of memory, and DEFLATE without a compressor."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator

from chalicelib.zipstream import Member, PrecompressedMember


def source(name: str, content: bytes, chunk_bytes: int = 50_000) -> Member:
    return Member(name, len(content), lambda: _chunks(content, chunk_bytes))


def deflated_source(name: str, content: bytes) -> PrecompressedMember:
    """As an existing archive would give it, deflated by another library."""
    compressor = zlib.compressobj(wbits=-15)
    raw = compressor.compress(content) + compressor.flush()
    digest = hashlib.sha256(content).hexdigest()
    return PrecompressedMember(
        name, len(content), len(raw), zlib.crc32(content), digest, lambda: _chunks(raw, 1000)
    )


def stored_zeros(name: str, blocks: int) -> PrecompressedMember:
    """`blocks` times 65,535 zeros as stored DEFLATE blocks (RFC 1951, 3.2.4).

    A member as large compressed as it is.
    """
    block = struct.pack("<BHH", 0, 0xFFFF, 0) + bytes(0xFFFF)
    end = struct.pack("<BHH", 1, 0, 0xFFFF)
    crc32 = 0
    for _ in range(blocks):
        crc32 = zlib.crc32(block[5:], crc32)

    def open_stored() -> Iterator[bytes]:
        for _ in range(blocks):
            yield block
        yield end

    return PrecompressedMember(
        name, blocks * 0xFFFF, blocks * len(block) + len(end), crc32, "not taken", open_stored
    )


def _chunks(content: bytes, chunk_bytes: int) -> Iterator[bytes]:
    for start in range(0, len(content), chunk_bytes):
        yield content[start : start + chunk_bytes]
