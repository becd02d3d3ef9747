"""Parts of a multipart upload.

S3 accepts 10,000 parts (78 GiB in parts of 8 MiB), all but the last of at least 5 MiB. Some stores
require parts of equal size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue

MIB = 1024 * 1024


def split_parts(
    pieces: Iterable[bytes], part_size_bytes: int, free_buffers: SimpleQueue[bytearray]
) -> Iterator[bytearray]:
    """Split the pieces into parts, and reuse buffers from `free_buffers`.

    Without content, the result is one empty part.
    """
    part = bytearray()
    filled = sent = 0
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            if filled == part_size_bytes:
                yield part
                part, filled, sent = _get_buffer(free_buffers), 0, sent + 1
            missing = part_size_bytes - filled
            chunk, rest = rest[:missing], rest[missing:]
            part[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
    del part[filled:]
    if filled or not sent:
        yield part


def _get_buffer(free_buffers: SimpleQueue[bytearray]) -> bytearray:
    try:
        return free_buffers.get_nowait()
    except Empty:
        return bytearray()
