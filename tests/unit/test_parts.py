"""Bytes and extents, cut into the parts that S3 takes."""

from __future__ import annotations

import random
from queue import SimpleQueue

import pytest

from chalicelib.aws.parts import MIB, parts
from chalicelib.domain.archive import ArchiveExtent

STORED = random.Random(5).randbytes(300 * MIB // 100) * 100
"""What the extents are of."""


def content(piece: bytes | bytearray | ArchiveExtent) -> bytes:
    return STORED[piece.start : piece.stop] if isinstance(piece, ArchiveExtent) else bytes(piece)


def cut(*pieces: bytes | ArchiveExtent, part_size_bytes: int = 8 * MIB) -> list[bytes | ArchiveExtent]:
    """The parts; their order and content are those of the pieces."""
    spare: SimpleQueue[bytearray] = SimpleQueue()
    spare.put(bytearray(b"used before" * MIB))
    made: list[bytes | ArchiveExtent] = []
    for part in parts(pieces, part_size_bytes, spare, content):
        made.append(part if isinstance(part, ArchiveExtent) else bytes(part))
        if isinstance(part, bytearray):
            spare.put(part)
    assert b"".join(map(content, made)) == b"".join(map(content, pieces))
    return made


def sizes(made: list[bytes | ArchiveExtent]) -> list[tuple[str, float]]:
    return [(type(part).__name__, (part.size_bytes if isinstance(part, ArchiveExtent) else len(part)) / MIB) for part in made]


def extent(start: int, stop: int) -> ArchiveExtent:
    return ArchiveExtent("archives/a.zip", start, stop)


def test_bytes_before_an_extent_are_a_part_when_they_are_enough() -> None:
    made = cut(bytes(6 * MIB), extent(100, 20 * MIB + 100), b"end")
    assert sizes(made) == [("bytes", 6), ("ArchiveExtent", 20), ("bytes", 3 / MIB)]


def test_bytes_that_are_too_few_take_the_beginning_of_the_extent() -> None:
    made = cut(b"header", extent(7, 20 * MIB + 7), b"end")
    assert made[1] == extent(7 + 5 * MIB - 6, 20 * MIB + 7)
    assert sizes(made)[::2] == [("bytes", 5), ("bytes", 3 / MIB)]


def test_between_two_extents_there_is_no_part_too_small() -> None:
    made = cut(b"header", extent(0, 70 * MIB), b"next header", extent(80 * MIB, 150 * MIB), b"last", extent(0, 10 * MIB), b"end")
    assert all(size >= 5 for _, size in sizes(made)[:-1])
    assert [kind for kind, _ in sizes(made)] == ["bytes", "ArchiveExtent"] * 3 + ["bytes"]


def test_an_extent_at_the_very_beginning_or_end_needs_no_bytes() -> None:
    assert sizes(cut(extent(0, 10 * MIB))) == [("ArchiveExtent", 10)]
    assert sizes(cut(extent(0, 10 * MIB), b"end")) == [("ArchiveExtent", 10), ("bytes", 3 / MIB)]


def test_a_large_extent_is_copied_in_equal_parts() -> None:
    assert sizes(cut(extent(0, 300 * MIB))) == [("ArchiveExtent", 100)] * 3


@pytest.mark.parametrize("before_bytes", [8 * MIB, 8 * MIB + 1, 13 * MIB, 16 * MIB - 1])
def test_what_stands_before_an_extent_fills_whole_parts_first(before_bytes: int) -> None:
    made = cut(bytes(before_bytes), extent(0, 10 * MIB), b"end")
    assert sizes(made)[0] == ("bytes", 8)
    assert all(size >= 5 for _, size in sizes(made)[:-1])


def test_nothing_is_one_empty_part() -> None:
    assert cut() == [b""]
