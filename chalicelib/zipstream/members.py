"""What goes into an archive, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

Block = bytes | memoryview


class PackingError(ValueError):
    """The sources are not what they should be."""


class BadMemberName(PackingError):
    """A name that an archive must not hold, or holds already."""


class WrongMemberSize(PackingError):
    """A source gave more or fewer bytes than it announced."""


class DamagedMember(PackingError):
    """The DEFLATE stream of a DeflatedSource does not inflate to the announced content; `member` is its name."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True, slots=True)
class Source:
    """A member to be deflated.

    `open` is called once, from another thread; it gives exactly `size_bytes` bytes, in pieces of any size, or raises.
    """

    name: str
    size_bytes: int
    open: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class PrecompressedMember:
    """A member of an existing archive: `open` returns its `compressed_bytes` bytes of raw DEFLATE, which are copied unchanged.

    `crc32` and `sha256` (hex) describe the `size_bytes` bytes of inflated content. The stream is inflated while it is copied, and
    size and CRC-32 are compared: DamagedMember if they differ.
    """

    name: str
    size_bytes: int
    compressed_bytes: int
    crc32: int
    sha256: str
    open: Callable[[], Iterator[bytes]]


AnyMember = Source | PrecompressedMember


@dataclass(frozen=True, slots=True)
class PackedMember:
    """`data_offset` is where the member's compressed data starts in the archive; `crc32` and `sha256` (hex) are of its content."""

    name: str
    size_bytes: int
    crc32: int
    sha256: str
    compressed_bytes: int
    data_offset: int


@runtime_checkable
class Closable(Protocol):
    """A generator, or another iterator that holds something open."""

    def close(self) -> None: ...


def check_name(name: str, taken: Iterable[str]) -> None:
    """BadMemberName unless every tool can extract the name below its own folder and beside the names that are `taken`."""
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        raise BadMemberName(
            f"member name {name!r} is empty, absolute, or leaves the archive's folder"
        )
    if any(character in name for character in "\\\0") or (name[1:2] == ":" and name[0].isalpha()):
        raise BadMemberName(f"member name {name!r} has another meaning on other systems")
    try:
        encoded = name.encode()
    except UnicodeEncodeError as error:
        raise BadMemberName(f"member name {name!r} is not text") from error
    if len(encoded) > 0xFFFF:
        raise BadMemberName(
            f"member name {name[:40]!r}... has {len(encoded)} bytes, more than a ZIP can name"
        )
    if name in taken:
        raise BadMemberName(f"member name {name!r} is there twice")


def blocks(
    name: str, chunks: Iterator[bytes], total_bytes: int, block_bytes: int
) -> Generator[tuple[Block, bool], None, None]:
    """The chunks cut anew into blocks of `block_bytes` (the last one shorter), each with whether it is the last.

    Where a block ends depends on the content's size alone, so that the same content always deflates to the same bytes. The last
    block comes out only once the chunks have ended where they should: WrongMemberSize otherwise. `chunks` is closed in any case.
    """
    parts: list[Block] = []
    held = seen = 0
    try:
        for chunk in chunks:
            seen += len(chunk)
            if seen > total_bytes:
                raise WrongMemberSize(
                    f"{name!r} gave more than the {total_bytes} bytes it announced"
                )
            rest: Block = chunk
            while held + len(rest) > block_bytes:
                cut = memoryview(rest)
                room = block_bytes - held
                yield b"".join((*parts, cut[:room])) if parts else cut[:room], False
                parts, held, rest = [], 0, cut[room:]
            parts.append(rest)
            held += len(rest)
    finally:
        if isinstance(chunks, Closable):
            chunks.close()
    if seen < total_bytes:
        raise WrongMemberSize(f"{name!r} gave {seen} of the {total_bytes} bytes it announced")
    yield b"".join(parts) if len(parts) != 1 else parts[0], True
