"""Extraction of archives: completely and verified, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from dataops_client.archive_inspection import inspect_archive
from dataops_client.errors import ChecksumMismatch, InvalidArchive, TargetNotEmpty, UnsafeArchive
from dataops_client.models.archives import ArchiveFile
from dataops_client.ro_crate import METADATA_NAME, InvalidMetadata, get_files, read_entities
from dataops_client.zip_reader import DeflateError, iter_member

_RENAME_DELAYS_SECONDS = (0.1, 0.2, 0.4, 0.8) if os.name == "nt" else ()
_DAMAGE_ERRORS = (
    zipfile.BadZipFile, DeflateError, EOFError, NotImplementedError, RuntimeError,
    UnicodeDecodeError, struct.error,
)  # fmt: skip
"""Raised by zipfile and `zip_reader` for damaged archives."""
_WORKERS = min(4, os.cpu_count() or 1)


def extract(
    archive: Path,
    files: Sequence[ArchiveFile],
    target: Path,
    move: Callable[[Path, Path], object] | None = None,
) -> None:
    """Extract an archive to a folder, which appears at once.

    An existing folder is replaced if it contains only files of this archive or of earlier ones.

    Args:
        archive: ZIP to extract.
        files: Announced files. The archive must contain these and its metadata only.
        target: Folder to create or replace.
        move: Renames a folder, `move_folder` by default.

    Raises:
        UnsafeArchive: The archive breaks a rule of safe extraction; nothing was written.
        ChecksumMismatch: A file is not the announced one.
        InvalidArchive: The archive is damaged.
        TargetNotEmpty: The folder contains other files.
    """
    expected = {file.name: file for file in files}
    _check_target(target, expected)
    work = target.parent / f".{target.name}.{uuid.uuid4().hex}"
    try:
        with zipfile.ZipFile(archive) as opened:
            members = inspect_archive(opened, archive.stat().st_size, expected)
            work.mkdir(parents=True)
            _write_members(archive, members, work, expected)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, _DAMAGE_ERRORS):
            raise InvalidArchive(f"{archive.name!r} is damaged: {error}") from error
        raise
    _replace_atomically(work, target, move or move_folder)


def matches_folder(folder: Path, files: Sequence[ArchiveFile]) -> bool:
    """Return True if the folder contains exactly these files, each with the announced content."""
    names = {file.name for file in files} - {METADATA_NAME}
    if not folder.is_dir() or _list_files(folder) - {METADATA_NAME} != names:
        return False
    return all(
        (folder / file.name).stat().st_size == file.size_bytes
        and _hash_file(folder / file.name) == file.sha256
        for file in files
    )


def move_folder(
    source: Path,
    target: Path,
    *,
    rename: Callable[[Path, Path], object] = Path.rename,
    delays_seconds: Sequence[float] = _RENAME_DELAYS_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Rename a folder, retrying on Windows, because virus scanners hold new files open.

    Raises:
        OSError: The last attempt failed.
    """
    for delay in delays_seconds:
        try:
            rename(source, target)
            return
        except PermissionError:
            sleep(delay)
    rename(source, target)


def _write_members(
    archive: Path,
    members: Sequence[zipfile.ZipInfo],
    work: Path,
    expected: Mapping[str, ArchiveFile],
) -> None:
    """Write the members in several threads: ISA-L and hashlib release the GIL."""
    for folder in {work / Path(member.filename).parent for member in members}:
        folder.mkdir(parents=True, exist_ok=True)
    workers = min(_WORKERS, len(members))

    def write_share(first: int) -> None:
        with archive.open("rb") as opened:
            for member in by_size[first::workers]:
                _write_member(opened, member, work / member.filename, expected.get(member.filename))

    by_size = sorted(members, key=lambda member: -member.file_size)
    with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="extract") as pool:
        list(pool.map(write_share, range(workers)))


def _write_member(
    opened: BinaryIO, member: zipfile.ZipInfo, path: Path, announced: ArchiveFile | None
) -> None:
    digest = hashlib.sha256()
    written = 0
    with path.open("xb") as file:
        for block in iter_member(opened, member):
            written += len(block)
            if written > member.file_size:
                raise UnsafeArchive("size", f"{member.filename!r} exceeds its declared size")
            digest.update(block)
            file.write(block)
    if written != member.file_size:
        raise UnsafeArchive(
            "size", f"{member.filename!r} has {written} bytes; declared are {member.file_size}"
        )
    if announced is not None and digest.hexdigest() != announced.sha256:
        raise ChecksumMismatch(
            f"{member.filename!r} has SHA-256 {digest.hexdigest()}; expected {announced.sha256}"
        )


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _check_target(target: Path, expected: Mapping[str, ArchiveFile]) -> None:
    """Raise TargetNotEmpty if the folder contains files that no archive brought."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise TargetNotEmpty(f"{str(target)!r} exists and is not a folder")
    if target.is_dir() and (
        other := sorted(_list_files(target) - expected.keys() - _files_from_archives(target))
    ):
        raise TargetNotEmpty(
            f"{str(target)!r} contains {other[0]!r}, which is not from an archive; "
            "move it or choose another folder"
        )


def _files_from_archives(folder: Path) -> set[str]:
    """Return the files below a folder that archives brought, as their metadata describe them."""
    names = set()
    for metadata in folder.rglob(METADATA_NAME):
        place = metadata.parent.relative_to(folder)
        names.add((place / METADATA_NAME).as_posix())
        try:
            names |= {(place / name).as_posix() for name in get_files(read_entities(metadata))}
        except InvalidMetadata:  # the folder was not extracted from an archive
            continue
    return names


def _replace_atomically(work: Path, target: Path, move: Callable[[Path, Path], object]) -> None:
    """Move the finished folder to `target`. Restore the earlier folder if that fails."""
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
