"""Extraction of archives: completely and verified, or not at all."""

from __future__ import annotations

import os
import shutil
import struct
import time
import uuid
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dataops_client.archive_inspection import inspect_archive
from dataops_client.errors import InvalidArchive, TargetNotEmpty
from dataops_client.existing_files import hash_file, list_described_files, list_files
from dataops_client.member_writer import MemberWriter
from dataops_client.models.archives import ArchiveFile, is_metadata
from dataops_client.ro_crate import METADATA_NAME
from dataops_client.zip_reader import DeflateError

_RENAME_DELAYS_SECONDS = (0.1, 0.2, 0.4, 0.8) if os.name == "nt" else ()
_DAMAGE_ERRORS = (
    zipfile.BadZipFile, DeflateError, EOFError, NotImplementedError, RuntimeError,
    UnicodeDecodeError, struct.error,
)  # fmt: skip
"""Raised by zipfile and `zip_reader` for damaged archives."""


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
        with _open_archive(archive) as opened:
            members = inspect_archive(opened, archive.stat().st_size, expected)
            work.mkdir(parents=True)
            MemberWriter(archive, members, work, expected).run()
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    _replace_atomically(work, target, move or move_folder)


def extract_some(
    archive: Path, hashes: Mapping[str, str], names: Collection[str], folder: Path
) -> None:
    """Extract some files of an archive to an empty folder.

    Args:
        archive: ZIP to extract.
        hashes: SHA-256 of all files of the archive by name, without its metadata.
        names: Names of the files to extract.
        folder: Folder of the files.

    Raises:
        UnsafeArchive: The archive breaks a rule of safe extraction; nothing was written.
        ChecksumMismatch: A file has another SHA-256.
        InvalidArchive: The archive is damaged.
    """
    with _open_archive(archive) as opened:
        # The manifest of a dataset has no sizes. The SHA-256 of archive and file prove them.
        expected = {
            name: ArchiveFile(name, member.file_size, hashes[name], "")
            for member in opened.infolist()
            if (name := member.filename) in hashes
        }
        if missing := sorted(hashes.keys() - expected.keys()):
            raise InvalidArchive(f"{archive.name!r} does not contain {missing[0]!r}")
        members = inspect_archive(opened, archive.stat().st_size, expected)
        chosen = [member for member in members if member.filename in names]
        MemberWriter(archive, chosen, folder, expected).run()


@contextmanager
def _open_archive(archive: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive. Raise InvalidArchive for damage that the block finds."""
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except _DAMAGE_ERRORS as error:
        raise InvalidArchive(f"{archive.name!r} is damaged: {error}") from error


def matches_folder(
    folder: Path,
    files: Sequence[ArchiveFile],
    hash_file: Callable[[Path], str] = hash_file,
    *,
    allow_others: bool = False,
) -> bool:
    """Return True if the folder contains exactly these files, each with the announced content.

    With `allow_others`, it may contain more files.
    """
    names = {file.name for file in files} - {METADATA_NAME}
    if allow_others:
        files = [file for file in files if file.name in names]  # the metadata describe all files
    present = list_files(folder) - {METADATA_NAME} if folder.is_dir() else set()
    if not (names <= present if allow_others else names == present) or not folder.is_dir():
        return False
    return all(
        (folder / file.name).stat().st_size == file.size_bytes
        and hash_file(folder / file.name) == file.sha256
        for file in files
    )


def check_selection(folder: Path, files: Sequence[ArchiveFile]) -> None:
    """Raise TargetNotEmpty if earlier archives brought files that are not among these."""
    others = list_described_files(folder) - {file.name for file in files}
    others = {name for name in others if not is_metadata(name)}
    if others:
        raise TargetNotEmpty(
            f"{str(folder)!r} contains {min(others)!r}, which is not in this selection of files; "
            "choose another folder (--output), or replace the files (--force)"
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


def _check_target(target: Path, expected: Mapping[str, ArchiveFile]) -> None:
    """Raise TargetNotEmpty if the folder contains files that no archive brought."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise TargetNotEmpty(f"{str(target)!r} exists and is not a folder")
    if target.is_dir() and (
        other := sorted(list_files(target) - expected.keys() - list_described_files(target))
    ):
        raise TargetNotEmpty(
            f"{str(target)!r} contains {other[0]!r}, which is not from an archive; "
            "move it elsewhere, or choose another folder (--output)"
        )


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
