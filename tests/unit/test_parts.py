"""Bytes, cut into the parts that S3 takes."""

from __future__ import annotations

from queue import SimpleQueue

import pytest

from chalicelib.adapters.aws.multipart import MIB, split_parts


def cut(*pieces: bytes) -> list[bytes]:
    """Return the parts, each in a reused buffer."""
    free_buffers: SimpleQueue[bytearray] = SimpleQueue()
    free_buffers.put(bytearray(b"used before" * MIB))
    made: list[bytes] = []
    for part in split_parts(pieces, 8 * MIB, free_buffers):
        made.append(bytes(part))
        free_buffers.put(part)
    assert b"".join(made) == b"".join(pieces)
    return made


def test_nothing_is_one_empty_part() -> None:
    assert cut() == [b""]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [(1, [1]), (8 * MIB, [8 * MIB]), (8 * MIB + 1, [8 * MIB, 1]), (16 * MIB, [8 * MIB] * 2)],
)
def test_parts_are_full_except_for_the_last(size: int, sizes: list[int]) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert [len(part) for part in cut(content[:5], content[5:])] == sizes
