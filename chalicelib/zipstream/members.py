"""Members of an archive, before and after they are packed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

Block = bytes | memoryview


class PackingError(ValueError):
    """The members are invalid."""


class BadMemberName(PackingError):
    """A member name is unsafe or repeated."""


class WrongMemberSize(PackingError):
    """A member has more or fewer bytes than announced."""


class DamagedMember(PackingError):
    """The stream of a PrecompressedMember does not inflate to the announced content.

    `member` is the name of the member.
    """

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True, slots=True)
class Member:
    """A member to be compressed.

    `open` is called once, from another thread. It returns exactly `size_bytes` bytes, in chunks
    of any size, or raises an exception.
    """

    name: str
    size_bytes: int
    open: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class PrecompressedMember:
    """A member of an existing archive, whose compressed data is copied unchanged.

    `open` returns its `compressed_bytes` bytes of raw DEFLATE. `crc32` and `sha256` (hex) are
    those of the `size_bytes` bytes of content. The data is inflated while it is copied, and
    DamagedMember is raised if size or CRC-32 differ.
    """

    name: str
    size_bytes: int
    compressed_bytes: int
    crc32: int
    sha256: str
    open: Callable[[], Iterator[bytes]]


AnyMember = Member | PrecompressedMember


@dataclass(frozen=True, slots=True)
class PackedMember:
    """A member in a finished archive.

    `data_offset` is the position of its compressed data in the archive; `crc32` and `sha256`
    (hex) are those of its content.
    """

    name: str
    size_bytes: int
    crc32: int
    sha256: str
    compressed_bytes: int
    data_offset: int


@runtime_checkable
class Closable(Protocol):
    """A generator, or another iterator that must be closed."""

    def close(self) -> None: ...


def check_name(name: str, taken: Iterable[str]) -> None:
    """Raise BadMemberName if the name is unsafe to extract or already in `taken`."""
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        raise BadMemberName(
            f"member name {name!r} is empty, absolute, or outside the target folder"
        )
    if any(character in name for character in "\\\0") or (name[1:2] == ":" and name[0].isalpha()):
        raise BadMemberName(f"member name {name!r} is not portable")
    try:
        encoded = name.encode()
    except UnicodeEncodeError as error:
        raise BadMemberName(f"member name {name!r} cannot be encoded as UTF-8") from error
    if len(encoded) > 0xFFFF:
        raise BadMemberName(
            f"member name {name[:40]!r}... has {len(encoded)} bytes; the limit of ZIP is 65535"
        )
    if name in taken:
        raise BadMemberName(f"member name {name!r} is repeated")


def split_blocks(
    name: str, chunks: Iterator[bytes], total_bytes: int, block_bytes: int
) -> Generator[tuple[Block, bool], None, None]:
    """Yield blocks of `block_bytes` (the last one shorter), and True with the last block.

    Block boundaries depend on the size of the content alone, so that equal content always
    compresses to equal bytes. The last block is yielded after the chunks have ended;
    WrongMemberSize is raised instead if they have another size than `total_bytes`. `chunks` is
    always closed.
    """
    parts: list[Block] = []
    held = seen = 0
    try:
        for chunk in chunks:
            seen += len(chunk)
            if seen > total_bytes:
                raise WrongMemberSize(f"{name!r} has more than the announced {total_bytes} bytes")
            rest: Block = chunk
            while held + len(rest) > block_bytes:
                view = memoryview(rest)
                missing = block_bytes - held
                yield b"".join((*parts, view[:missing])) if parts else view[:missing], False
                parts, held, rest = [], 0, view[missing:]
            parts.append(rest)
            held += len(rest)
    finally:
        if isinstance(chunks, Closable):
            chunks.close()
    if seen < total_bytes:
        raise WrongMemberSize(f"{name!r} has {seen} of the announced {total_bytes} bytes")
    yield b"".join(parts) if len(parts) != 1 else parts[0], True
