"""The parts of a multipart upload.

S3 takes 10,000 parts, all but the last of 5 MiB at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue

MIB = 1024 * 1024
MAX_PARTS = 10_000

EQUAL_PARTS = 5_000
"""Parts are equal, as some stores require, up to here (39 GiB in parts of 8 MiB), and double beyond (117 GiB)."""


def parts(
    pieces: Iterable[bytes], part_size_bytes: int, spare: SimpleQueue[bytearray]
) -> Iterator[bytearray]:
    """Cut the pieces into parts, in `spare` buffers if there are any. The only part may be empty."""
    part = bytearray()
    filled = sent = 0
    limit = part_size_bytes
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            if filled == limit:
                yield part
                part, filled, sent = _spare(spare), 0, sent + 1
                limit = part_size_bytes * (1 if sent < EQUAL_PARTS else 2)
            cut, rest = rest[: limit - filled], rest[limit - filled :]
            part[filled : filled + len(cut)] = cut
            filled += len(cut)
    del part[filled:]
    if filled or not sent:
        yield part


def _spare(spare: SimpleQueue[bytearray]) -> bytearray:
    try:
        return spare.get_nowait()
    except Empty:
        return bytearray()
