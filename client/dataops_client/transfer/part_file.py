"""What has arrived of an archive, on the disk: resumed by the next try, of this process or another.

    .<filename>.<identity>.<host>-<pid>-<token>.part    the bytes, while a process works on them
    .<filename>.<identity>.<token>.part                 the same, left behind for whoever comes next
    ....part.json                                       which archive it is of, and which ranges of it are there

There are no locks, which lie on cluster file systems: a part belongs to whom its name says, and changes hands by one rename, which
one of several processes wins. No name is ever used twice, so that a sidecar is never beside another part than its own. Parts of owners
that died are taken over too.

A sidecar is written (as a whole, by a rename) after the bytes that it tells of, and those are in the system's hands then: a killed
process leaves one that is true. What a machine that lost its power says wrongly, the archive's SHA-256 finds out.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from dataops_client.errors import TransferFailed
from dataops_client.models import ArchiveLink
from dataops_client.transfer.part_ownership import is_orphaned, new_owner_id, orphan_id

_SAVE_SECONDS = 0.5
_SAVE_BYTES = 16 * 1024 * 1024
"""How much a killed process loses at most, per connection and a piece besides."""


class PartFile:
    """The archive of `link` in `folder`, as far as it is there; it belongs to this object alone until `release` or `discard`."""

    def __init__(self, link: ArchiveLink, folder: Path) -> None:
        self._link = link
        self._stem = f".{link.filename}.{_identity(link)}"
        self._folder = folder
        self.path = self._name_of_ours()
        self._lock = threading.Lock()
        self._present: list[tuple[int, int]] = []
        self._saved, self._unsaved_bytes = time.monotonic(), 0
        self.etag: str | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if not self._claim():
            self.path.touch(exist_ok=False)
        self._file = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))

    @property
    def present_bytes(self) -> int:
        with self._lock:
            return sum(stop - start for start, stop in self._present)

    def contiguous_bytes(self) -> int:
        """How many bytes are there from the beginning on without a gap."""
        with self._lock:
            return self._present[0][1] if self._present and self._present[0][0] == 0 else 0

    def missing_ranges(self) -> Sequence[tuple[int, int]]:
        """The ranges, start and end, that are still to come."""
        with self._lock:
            edges = [0, *(edge for span in self._present for edge in span), self._link.size_bytes]
        return [
            (start, stop)
            for start, stop in zip(edges[::2], edges[1::2], strict=True)
            if start < stop
        ]

    def write(self, position: int, piece: bytes) -> None:
        """Add a piece that follows, in its range, the one before; it counts once it is written."""
        _write_at(self._file, position, piece, self._lock)
        with self._lock:
            self._present = _merged([*self._present, (position, position + len(piece))])
            self._unsaved_bytes += len(piece)
        if self._unsaved_bytes >= _SAVE_BYTES or time.monotonic() - self._saved > _SAVE_SECONDS:
            self.save()

    def read(self, position: int, count: int) -> bytes:
        return _read_at(self._file, position, count, self._lock)

    def clear(self) -> None:
        """Nothing of it is there any more: it was of something else."""
        with self._lock:
            self._present, self.etag = [], None
            os.ftruncate(self._file, 0)
        self.save()

    def save(self) -> None:
        """Tell the next try what is there."""
        with self._lock:
            self._saved, self._unsaved_bytes = time.monotonic(), 0
            told = {**_told(self._link), "etag": self.etag, "present": self._present}
            draft = self.path.with_name(f"{self.path.name}.json.new")
            draft.write_text(json.dumps(told))
            draft.replace(_sidecar(self.path))

    def release(self) -> None:
        """Leave what is there to the next try."""
        if not self.present_bytes:
            self.discard()
            return
        try:
            self.save()
        finally:
            os.close(self._file)
        left = self._folder / f"{self._stem}.{orphan_id()}.part"
        _sidecar(self.path).rename(_sidecar(left))  # first: where the part is, its sidecar is too
        self.path.rename(left)

    def finish(self) -> Path:
        """The file, complete: it is its caller's from now on. TransferFailed where it is another process's by now."""
        try:
            if (
                not self.path.exists()
            ):  # after an hour without a byte, in a machine that was asleep for example
                raise TransferFailed(
                    f"{self._link.filename!r} was taken over by another process: start again"
                )
        finally:
            os.close(self._file)
            _sidecar(self.path).unlink(missing_ok=True)
        return self.path

    def discard(self) -> None:
        os.close(self._file)
        _remove(self.path)

    def _claim(self) -> bool:
        """Take over the parts that nobody works on: the one with the most of this archive is continued, all others go away."""
        most = 0
        for found in sorted(self._folder.glob(f"{_escaped(f'.{self._link.filename}.')}*.part")):
            if not is_orphaned(found.name.removesuffix(".part").rsplit(".", 1)[-1], found):
                continue
            ours = self._name_of_ours()
            try:
                os.utime(
                    found
                )  # before it is ours: an owner on another machine is known to live by this
                found.rename(ours)
            except FileNotFoundError:  # another process was first
                continue
            with suppress(FileNotFoundError):
                _sidecar(found).rename(_sidecar(ours))
            is_of_this = found.name.startswith(f"{self._stem}.")
            present, etag = _load(ours, self._link) if is_of_this else ([], None)
            count = sum(stop - start for start, stop in present)
            if count > most:
                _remove(self.path)
                self.path, self._present, self.etag, most = ours, present, etag, count
            else:
                _remove(ours)
        return most > 0

    def _name_of_ours(self) -> Path:
        return self._folder / f"{self._stem}.{new_owner_id()}.part"


def _identity(link: ArchiveLink) -> str:
    return sha256(json.dumps(_told(link), sort_keys=True).encode()).hexdigest()[:12]


def _told(link: ArchiveLink) -> dict[str, Any]:
    return {"archive_key": link.archive_key, "size_bytes": link.size_bytes, "sha256": link.sha256}


def _sidecar(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _remove(part: Path) -> None:
    _sidecar(part).unlink(missing_ok=True)
    part.unlink(missing_ok=True)


def _load(part: Path, link: ArchiveLink) -> tuple[list[tuple[int, int]], str | None]:
    """The ranges that are there by the sidecar, as far as the file reaches, and the ETag; nothing where it cannot be understood.

    A file of the full length without a sidecar was complete, and its owner ended while it was extracted: the SHA-256 will tell.
    """
    size_bytes = part.stat().st_size
    try:
        told: Mapping[str, Any] = json.loads(_sidecar(part).read_text())
        if {name: told[name] for name in _told(link)} != _told(link):
            return [], None
        spans = [
            (int(start), min(int(stop), size_bytes, link.size_bytes))
            for start, stop in told["present"]
        ]
        return _merged([span for span in spans if 0 <= span[0] < span[1]]), told["etag"]
    except FileNotFoundError:
        return ([(0, size_bytes)] if size_bytes == link.size_bytes and size_bytes else []), None
    except (OSError, ValueError, KeyError, TypeError):
        return [], None


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], stop)
        else:
            merged.append((start, stop))
    return merged


def _write_at(file: int, position: int, piece: bytes, lock: threading.Lock) -> None:
    rest = memoryview(piece)
    while rest:
        if hasattr(os, "pwrite"):
            written = os.pwrite(file, rest, position)
        else:
            with lock:
                os.lseek(file, position, os.SEEK_SET)
                written = os.write(file, rest)
        position, rest = position + written, rest[written:]


def _read_at(file: int, position: int, count: int, lock: threading.Lock) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(file, count, position)
    with lock:
        os.lseek(file, position, os.SEEK_SET)
        return os.read(file, count)
