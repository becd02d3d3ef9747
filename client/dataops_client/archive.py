"""Archives are inspected as a whole before any of their members is written, and appear in their folder at once or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import struct
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from dataops_client.errors import ChecksumMismatch, InvalidArchive, TargetNotEmpty, UnsafeArchive
from dataops_client.member_names import folded, is_portable
from dataops_client.models import METADATA_NAME, ArchiveFile
from dataops_client.zip_reader import DeflateError, iter_member

_MAX_MEMBERS = 200_000
_MAX_RATIO = 1_200
"""DEFLATE cannot shrink anything by more than about 1,032 to 1."""
_RENAME_WAITS_SECONDS = (0.1, 0.2, 0.4, 0.8) if os.name == "nt" else ()
_WORKERS = min(4, os.cpu_count() or 1)


def extract(
    archive: Path,
    files: Sequence[ArchiveFile],
    target: Path,
    move: Callable[[Path, Path], object] | None = None,
) -> None:
    """Extract `archive`, which must hold `files` and nothing else but its metadata, to the folder `target`.

    UnsafeArchive before anything is written; ChecksumMismatch where a file is not the announced one. A folder that is there
    already is replaced if all it holds are files of those names; FolderOccupied otherwise.
    """
    expected = {file.name: file for file in files}
    _check_target(target, expected)
    work = target.parent / f".{target.name}.{uuid.uuid4().hex}"
    try:
        with zipfile.ZipFile(archive) as opened:
            members = inspect(opened, archive.stat().st_size, expected)
            work.mkdir(parents=True)
            _write_all(archive, members, work, expected)
    except (
        zipfile.BadZipFile,
        DeflateError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeDecodeError,
        struct.error,
    ) as error:
        shutil.rmtree(work, ignore_errors=True)
        raise InvalidArchive(f"{archive.name!r} is damaged: {error}") from error
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    _replace_atomically(work, target, move or move_folder)


def inspect(
    opened: zipfile.ZipFile, size_bytes: int, expected: Mapping[str, ArchiveFile]
) -> list[zipfile.ZipInfo]:
    """The members, once none of them breaks a rule. UnsafeArchive names the rule."""
    members = opened.infolist()
    if len(members) > _MAX_MEMBERS:
        raise UnsafeArchive("count", f"{len(members)} members, more than {_MAX_MEMBERS}")
    seen: dict[str, str] = {}
    for member in members:
        _inspect_name(member)
        known_as = folded(member.filename)
        if known_as in seen:
            raise UnsafeArchive(
                "duplicate",
                f"{member.filename!r} and {seen[known_as]!r} are the same file on some systems",
            )
        seen[known_as] = member.filename
        _inspect_kind(member)
        announced = expected.get(member.filename)
        if announced is None and member.filename != METADATA_NAME:
            raise UnsafeArchive("unexpected", f"{member.filename!r} was not announced")
        if announced is not None and member.file_size != announced.size_bytes:
            raise UnsafeArchive(
                "size",
                f"{member.filename!r} has {member.file_size} bytes, announced were {announced.size_bytes}",
            )
        if member.file_size > _MAX_RATIO * max(member.compress_size, 1) + 1024:
            raise UnsafeArchive(
                "ratio",
                f"{member.filename!r} would grow from {member.compress_size} to {member.file_size} bytes",
            )
    if missing := sorted(expected.keys() - {member.filename for member in members}):
        raise UnsafeArchive("missing", f"{missing[0]!r} was announced and is not there")
    _inspect_places(members, size_bytes)
    for folder in {parent for name in seen for parent in _parents(name)} & seen.keys():
        raise UnsafeArchive("overlap", f"{folder!r} is a file and a folder")
    return members


def _inspect_name(member: zipfile.ZipInfo) -> None:
    name = member.filename
    # zipfile cuts names at a NUL and turns the separators of the system; what stood in the archive must be what we see.
    if (
        member.orig_filename != name
        or not name
        or "\\" in name
        or any(ord(letter) < 32 for letter in name)
    ):
        raise UnsafeArchive("name", f"{member.orig_filename!r} is not a plain name")
    if name.startswith("/") or name[1:2] == ":":
        raise UnsafeArchive("absolute", f"{name!r} is absolute")
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise UnsafeArchive("climbing", f"{name!r} has the part {part!r}")
        if not is_portable(part):
            raise UnsafeArchive(
                "name", f"{name[:300]!r} does not name the same file on every platform"
            )


def _inspect_kind(member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise UnsafeArchive(
            "kind", f"{member.filename!r} is no plain file (mode {member.external_attr >> 16:o})"
        )
    if member.flag_bits & 0x2041:
        raise UnsafeArchive("encrypted", f"{member.filename!r} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsafeArchive(
            "method", f"{member.filename!r} is packed by the unknown method {member.compress_type}"
        )


def _inspect_places(members: Sequence[zipfile.ZipInfo], size_bytes: int) -> None:
    """No two members share bytes (Fifield's bomb): 30 bytes of header at least stand before each one's data."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise UnsafeArchive("overlap", f"{member.filename!r} lies over another member")
        end = member.header_offset + 30 + len(member.orig_filename.encode()) + member.compress_size
        if end > size_bytes:
            raise UnsafeArchive(
                "overlap", f"{member.filename!r} lies beyond the end of the archive"
            )


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _write_all(
    archive: Path,
    members: Sequence[zipfile.ZipInfo],
    work: Path,
    expected: Mapping[str, ArchiveFile],
) -> None:
    """In several threads, each with the archive opened anew: inflating and hashing leave the others room to work."""
    for folder in {work / Path(member.filename).parent for member in members}:
        folder.mkdir(parents=True, exist_ok=True)
    workers = min(_WORKERS, len(members))

    def write(first: int) -> None:
        with archive.open("rb") as opened:
            for member in by_size[first::workers]:
                _write(opened, member, work / member.filename, expected.get(member.filename))

    by_size = sorted(members, key=lambda member: -member.file_size)
    with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="extract") as pool:
        list(pool.map(write, range(workers)))


def _write(
    opened: BinaryIO, member: zipfile.ZipInfo, path: Path, announced: ArchiveFile | None
) -> None:
    digest = hashlib.sha256()
    written = 0
    with path.open("xb") as file:
        for piece in iter_member(opened, member):
            written += len(piece)
            if written > member.file_size:
                raise UnsafeArchive("size", f"{member.filename!r} is larger than it says")
            digest.update(piece)
            file.write(piece)
    if written != member.file_size:
        raise UnsafeArchive(
            "size", f"{member.filename!r} has {written} bytes and says {member.file_size}"
        )
    if announced is not None and digest.hexdigest() != announced.sha256:
        raise ChecksumMismatch(
            f"{member.filename!r} has SHA-256 {digest.hexdigest()}, announced was {announced.sha256}"
        )


def matches_folder(folder: Path, files: Sequence[ArchiveFile]) -> bool:
    """Whether the folder holds just these files, each with its announced content."""
    if not folder.is_dir() or _names(folder) - {METADATA_NAME} != {file.name for file in files} - {
        METADATA_NAME
    }:
        return False
    return all(
        (folder / file.name).stat().st_size == file.size_bytes
        and sha256_of(folder / file.name) == file.sha256
        for file in files
    )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _check_target(target: Path, expected: Mapping[str, ArchiveFile]) -> None:
    """FolderOccupied where the folder, which is to be replaced, holds what neither this archive nor an earlier one brought."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise TargetNotEmpty(f"{str(target)!r} is there and is no folder")
    if target.is_dir() and (
        strange := sorted(_names(target) - expected.keys() - _files_from_archives(target))
    ):
        raise TargetNotEmpty(f"{str(target)!r} holds {strange[0]!r}, which is not from an archive")


def _files_from_archives(folder: Path) -> set[str]:
    """The files below a folder that archives brought, by the metadata which they brought along."""
    names = set()
    for metadata in folder.rglob(METADATA_NAME):
        place = metadata.parent.relative_to(folder)
        names.add((place / METADATA_NAME).as_posix())
        try:
            graph = json.loads(metadata.read_bytes())["@graph"]
            names |= {
                (place / unquote(entity["@id"])).as_posix()
                for entity in graph
                if entity["@type"] == "File"
            }
        except (
            ValueError,
            KeyError,
            TypeError,
            RecursionError,
        ):  # not ours, then: its files are strangers
            continue
    return names


def move_folder(
    source: Path,
    target: Path,
    *,
    rename: Callable[[Path, Path], object] = Path.rename,
    waits_seconds: Sequence[float] = _RENAME_WAITS_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Rename a folder. A refusal is waited out on Windows, where virus scanners hold files that are new. Raises OSError."""
    for wait in waits_seconds:
        try:
            rename(source, target)
            return
        except PermissionError:
            sleep(wait)
    rename(source, target)


def _replace_atomically(work: Path, target: Path, move: Callable[[Path, Path], object]) -> None:
    """Move the finished folder to `target`. If that fails, or is interrupted, the folder that was there before is there again."""
    old = work.with_name(f"{work.name}.old")
    try:
        if target.exists():
            move(target, old)
        move(work, target)
    finally:
        try:
            if old.exists() and not target.exists():
                move(old, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
