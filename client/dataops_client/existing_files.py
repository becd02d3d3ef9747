"""Files of earlier downloads: their names, and their SHA-256, computed while the API responds."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from typing import Self

from dataops_client.ro_crate import METADATA_NAME, InvalidMetadata, get_files, read_entities


def list_files(folder: Path) -> set[str]:
    """Return the paths below a folder, with `/`, of everything that is not a folder."""
    names = set()
    for root, _, files in os.walk(folder):  # a tenth of the time of Path.rglob
        place = Path(root).relative_to(folder).as_posix()
        names |= set(files) if place == "." else {f"{place}/{name}" for name in files}
    return names


def list_described_files(folder: Path) -> set[str]:
    """Return the files below a folder that archives brought, as their metadata describe them."""
    names = set()
    for metadata in list_files(folder):
        if metadata.rpartition("/")[2] != METADATA_NAME:
            continue
        names.add(metadata)
        place = Path(metadata).parent
        with suppress(InvalidMetadata):  # the folder was not extracted from an archive
            described = get_files(read_entities(folder / metadata))
            names |= {(place / name).as_posix() for name in described}
    return names


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


class FileHashes:
    """SHA-256 of the files of an earlier download, computed by a thread while the API responds.

    Files that were changed since then, by their size, time of change or inode, are hashed again.
    Use it as a context manager, which ends the thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._ended = folder, threading.Event()
        self._known: dict[Path, tuple[tuple[int, int, int], str]] = {}
        self._thread = threading.Thread(target=self._hash_files, name="hash", daemon=True)

    def __enter__(self) -> Self:
        if self._folder.is_dir():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._join()

    def get(self, path: Path) -> str:
        """Return the SHA-256 of a file, in hex.

        Raises:
            OSError: The file cannot be read.
        """
        self._join()
        known = self._known.get(path)
        return known[1] if known and known[0] == _get_state(path) else hash_file(path)

    def _join(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()

    def _hash_files(self) -> None:
        with suppress(OSError):  # `get` raises the error, if the file is still needed
            for name in list_files(self._folder) & list_described_files(self._folder):
                path = self._folder / name
                if self._ended.is_set():
                    return
                if state := _get_state(path):
                    self._known[path] = state, hash_file(path)


def _get_state(path: Path) -> tuple[int, int, int] | None:
    """Return what changes if a file is written or replaced, or None if it is not a regular file."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
