"""The parts of a multipart upload: bytes to be sent, and extents of other objects to be copied by the store.

S3 takes 10,000 parts, all but the last of 5 MiB at least, and of 5 GiB at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from queue import Empty, SimpleQueue

from chalicelib.domain.archive import ArchiveExtent

MIB = 1024 * 1024
MAX_PARTS = 10_000

_EQUAL_PARTS = 5_000
"""Parts are equal, as some stores demand, up to here (39 GiB in parts of 8 MiB), and double beyond (117 GiB); but before an extent."""
_LEAST_BYTES = 5 * MIB
_COPY_BYTES = 128 * MIB
"""What is copied by one request: some seconds of the store's time."""

Part = bytearray | ArchiveExtent


def parts(
    pieces: Iterable[bytes | ArchiveExtent], part_size_bytes: int, spare: SimpleQueue[bytearray], read: Callable[[ArchiveExtent], bytes]
) -> Iterator[Part]:
    """The pieces cut anew into parts. Those of bytes are in buffers, `spare` ones where there are any; the only one may be empty.

    A part before an extent that would be too small takes from the extent what it lacks, by `read`. Extents have 10 MiB at least.
    """
    part = bytearray()
    filled = sent = 0
    limit = part_size_bytes
    for piece in pieces:
        if isinstance(piece, ArchiveExtent):
            begin = piece.start
            if 0 < filled < _LEAST_BYTES:
                begin += _LEAST_BYTES - filled
                part[filled:] = read(replace(piece, stop=begin))
                filled = _LEAST_BYTES
            if filled:
                del part[filled:]
                yield part
                part, filled = _spare(spare), 0
            yield from _copies(replace(piece, start=begin))
            sent += 1
            continue
        rest = memoryview(piece)
        while rest:
            if filled == limit:
                yield part
                part, filled, sent = _spare(spare), 0, sent + 1
                limit = part_size_bytes * (1 if sent < _EQUAL_PARTS else 2)
            cut, rest = rest[: limit - filled], rest[limit - filled :]
            part[filled : filled + len(cut)] = cut
            filled += len(cut)
    del part[filled:]
    if filled or not sent:
        yield part


def _copies(extent: ArchiveExtent) -> Iterator[ArchiveExtent]:
    """The extent in equal ones, none too small and none too large for a part."""
    count = -(-extent.size_bytes // _COPY_BYTES)
    edges = [extent.start + extent.size_bytes * number // count for number in range(count + 1)]
    for start, stop in pairwise(edges):
        yield replace(extent, start=start, stop=stop)


def _spare(spare: SimpleQueue[bytearray]) -> bytearray:
    try:
        return spare.get_nowait()
    except Empty:
        return bytearray()
