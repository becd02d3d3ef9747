"""What the packer promises of the bytes: read with Python's zipfile, and record by record."""

from __future__ import annotations

import hashlib
import io
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.zipstream import (
    BadMemberName,
    DamagedMember,
    Member,
    PackedMember,
    PackingError,
    PrecompressedMember,
    WrongMemberSize,
    ZipStream,
)
from tests.support.zip_sources import deflated_source, source

RANDOM = random.Random(3).randbytes(700_000)
TEXT = b"".join(b"%d %.5f\n" % (number, number / 7) for number in range(80_000))
CONTENTS = {
    "empty": b"",
    "folder/text": TEXT,
    "random": RANDOM,
    "small": b"content",
    "é": b"in UTF-8",
}


def sources() -> list[Member | PrecompressedMember]:
    return [source(name, content) for name, content in CONTENTS.items()] + [
        deflated_source("taken over", TEXT)
    ]


def packed(*members: Member | PrecompressedMember, workers: int = 2) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(ZipStream(members, workers=workers))))


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text("ab/é", min_size=1, max_size=5),
        st.tuples(st.integers(0, 600_000), st.integers(1, 300_000)),
    )
)
def test_every_member_comes_out_as_it_went_in(sizes: dict[str, tuple[int, int]]) -> None:
    contents = {
        name.replace("/", "-"): (RANDOM[:size], chunk) for name, (size, chunk) in sizes.items()
    }
    archive = packed(*(source(name, content, chunk) for name, (content, chunk) in contents.items()))
    assert archive.namelist() == list(contents)
    assert all(archive.read(name) == content for name, (content, _) in contents.items())


@pytest.mark.parametrize("size", [0, 1, 2**18 - 1, 2**18, 2**18 + 1, 2**19, 2**19 + 1])
def test_content_that_ends_on_a_block_boundary_is_whole(size: int) -> None:
    content = RANDOM[:size]
    assert packed(source("a", content)).read("a") == content


def test_the_bytes_depend_neither_on_threads_nor_on_how_the_content_was_cut() -> None:
    archives = {
        b"".join(
            ZipStream(
                [source(name, content, chunk) for name, content in CONTENTS.items()],
                workers=workers,
            )
        )
        for workers, chunk in ((1, 1_000_000), (2, 4096), (5, 300_000), (2, 2**18))
    }
    assert len(archives) == 1


def test_empty_chunks_are_no_end() -> None:
    assert packed(Member("a", 2, lambda: iter([b"", b"x", b"", b"y", b""]))).read("a") == b"xy"


def test_an_archive_without_members_is_an_archive() -> None:
    assert packed().namelist() == []


def test_the_members_of_a_finished_stream_are_correct() -> None:
    stream = ZipStream(sources())
    archive = b"".join(stream)
    assert (stream.size_bytes, stream.sha256) == (len(archive), hashlib.sha256(archive).hexdigest())
    for member, (name, content) in zip(
        stream.members, [*CONTENTS.items(), ("taken over", TEXT)], strict=True
    ):
        data = archive[member.data_offset : member.data_offset + member.compressed_bytes]
        assert zlib.decompress(data, wbits=-15) == content
        assert member == PackedMember(
            name,
            len(content),
            zlib.crc32(content),
            hashlib.sha256(content).hexdigest(),
            len(data),
            member.data_offset,
        )


def test_members_look_the_same_on_every_day_and_system() -> None:
    for info in packed(*sources()).infolist():
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        assert (info.create_system, info.external_attr, info.extra, info.comment) == (
            3,
            0o100644 << 16,
            b"",
            b"",
        )
        assert info.compress_type == zipfile.ZIP_DEFLATED
        assert bool(info.flag_bits & 0x800) == (not info.filename.isascii())


def test_only_large_members_have_their_sizes_after_the_data() -> None:
    # ZipInputStream of Java refuses descriptors of stored members, and readers of a stream have to
    # guess where the data ends.
    archive = b"".join(ZipStream(sources()))
    for info in zipfile.ZipFile(io.BytesIO(archive)).infolist():
        flags, method, _, _, crc32, compressed, size = struct.unpack_from(
            "<5H3L", archive, info.header_offset + 4
        )[1:]
        assert method == zipfile.ZIP_DEFLATED
        assert flags == info.flag_bits
        if info.filename in ("folder/text", "random", "taken over"):
            assert flags & 8
        else:
            assert not flags & 8
            assert (crc32, compressed, size) == (info.CRC, info.compress_size, info.file_size)


def test_the_last_member_is_made_of_the_others() -> None:
    seen: list[Sequence[PackedMember]] = []

    def closing(members: Sequence[PackedMember]) -> tuple[str, bytes]:
        seen.append(list(members))
        return "metadata", "\n".join(member.sha256 for member in members).encode()

    stream = ZipStream([source("a", b"1"), source("b", b"2")], trailer=closing)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(stream)))
    assert archive.namelist() == ["a", "b", "metadata"]
    assert archive.read("metadata").decode().split() == [
        hashlib.sha256(content).hexdigest() for content in (b"1", b"2")
    ]
    assert seen == [stream.members[:2]]


def test_a_random_member_does_not_grow_noticeably() -> None:
    (info,) = packed(source("a", RANDOM)).infolist()
    assert info.compress_size < len(RANDOM) * (1 + 1 / 512)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "C:/x",
        "nul\0",
        "\udc80",
        "é" * 40_000,
    ],
)
def test_a_name_that_leads_elsewhere_is_refused_before_the_first_byte(name: str) -> None:
    with pytest.raises(BadMemberName):
        ZipStream([source("good", b""), source(name, b"")])


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(BadMemberName, match="'a' is repeated"):
        ZipStream([source("a", b"1"), deflated_source("a", b"2")])
    with pytest.raises(BadMemberName, match="'a' is repeated"):
        b"".join(ZipStream([source("a", b"1")], trailer=lambda _: ("a", b"2")))


@pytest.mark.parametrize("announced", [0, 4, 6, 2**20])
def test_a_member_of_another_size_than_announced_is_never_packed(announced: int) -> None:
    stream = ZipStream([Member("a", announced, lambda: iter([b"12", b"345"]))])
    with pytest.raises(WrongMemberSize, match=f"'a' has .* announced {announced} bytes"):
        b"".join(stream)
    assert not stream.members


def test_a_deflated_member_of_another_size_than_announced_is_never_packed() -> None:
    member = deflated_source("a", TEXT)
    cut = PrecompressedMember(
        "a",
        member.size_bytes,
        member.compressed_bytes + 1,
        member.crc32,
        member.sha256,
        member.open,
    )
    with pytest.raises(WrongMemberSize):
        b"".join(ZipStream([cut]))


def test_errors_of_the_packer_are_one_family() -> None:
    assert issubclass(BadMemberName, PackingError)
    assert issubclass(WrongMemberSize, PackingError)
    assert issubclass(DamagedMember, PackingError)


def test_a_stream_is_read_once() -> None:
    stream = ZipStream([source("a", b"1")])
    b"".join(stream)
    with pytest.raises(RuntimeError):
        next(iter(stream))


def test_pieces_are_of_moderate_size() -> None:
    pieces = [
        len(piece)
        for piece in ZipStream(
            [source("a", os.urandom(2**20), 2**20), *(source(f"{n}", b"x") for n in range(500))]
        )
    ]
    assert max(pieces) < 2**20
    assert len(pieces) < 20


@pytest.mark.parametrize("size", [0, 1, 2**18, 2**18 + 1, 3 * 2**20])
def test_a_copied_member_gives_the_bytes_of_a_deflated_one(size: int) -> None:
    content = (TEXT * 4)[:size]
    fresh = b"".join(stream := ZipStream([source("0/a", content)]))
    (member,) = stream.members
    data = fresh[member.data_offset : member.data_offset + member.compressed_bytes]
    copied = PrecompressedMember(
        "0/a", size, len(data), member.crc32, member.sha256, lambda: iter([data])
    )
    assert b"".join(ZipStream([copied])) == fresh


@pytest.mark.parametrize("position", [0, 1, 500, -1])
@pytest.mark.parametrize("content", [TEXT, b"small" * 200])
def test_a_damaged_stream_is_never_copied(content: bytes, position: int) -> None:
    good = deflated_source("a", content)
    damaged = bytearray(b"".join(good.open()))
    damaged[position % len(damaged)] ^= 0x55
    member = PrecompressedMember(
        "a",
        good.size_bytes,
        good.compressed_bytes,
        good.crc32,
        good.sha256,
        lambda: iter([bytes(damaged)]),
    )
    with pytest.raises(DamagedMember, match="'a' does not inflate to"):
        b"".join(ZipStream([member]))


@pytest.mark.parametrize(("crc32", "size"), [(1, 0), (0, 1), (0, -1)])
def test_a_stream_of_other_content_is_never_copied(crc32: int, size: int) -> None:
    good = deflated_source("a", TEXT)
    member = PrecompressedMember(
        "a",
        good.size_bytes + size,
        good.compressed_bytes,
        good.crc32 ^ crc32,
        good.sha256,
        good.open,
    )
    with pytest.raises(DamagedMember):
        b"".join(ZipStream([member]))


def test_a_damaged_stream_that_would_inflate_without_end_is_given_up_early() -> None:
    bomb = deflated_source("a", bytes(32 * 2**20))
    member = PrecompressedMember(
        "a", 1000, bomb.compressed_bytes, bomb.crc32, bomb.sha256, bomb.open
    )
    with pytest.raises(DamagedMember):
        b"".join(ZipStream([member]))
