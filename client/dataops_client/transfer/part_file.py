"""Part files: the data of an archive received so far, resumed by the next attempt of any process.

    .<filename>.<archive id>.<owner>.part         the data
    .<filename>.<archive id>.<owner>.part.json    sidecar: the ranges that are present, and the ETag

File locks are unreliable on Lustre, GPFS and some NFS mounts. The owner is therefore part of the
file name, and ownership changes by an atomic rename, which only one of several processes can
perform. No owner id is used twice, so a sidecar always belongs to its part.

The sidecar is replaced atomically after the data it describes has been written, so it is valid
after the process is killed. Damage after a power loss is detected by the SHA-256 of the archive.
"""

from __future__ import annotations

import glob
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from dataops_client.errors import TransferFailed
from dataops_client.models.archives import ArchiveLink
from dataops_client.transfer.config import DEFAULT_CONFIG, TransferConfig
from dataops_client.transfer.part_ownership import disown, is_orphaned, new_owner_id
from dataops_client.transfer.response_policy import Range


class PartFile:
    """Received data of one archive, owned by this object until `release` or `discard`.

    One thread at a time may write, while another one reads.
    """

    def __init__(
        self, link: ArchiveLink, folder: Path, config: TransferConfig = DEFAULT_CONFIG
    ) -> None:
        self._link, self._folder, self._config = link, folder, config
        identity = f"{link.archive_key} {link.size_bytes} {link.sha256}"
        self._stem = f".{link.filename}.{sha256(identity.encode()).hexdigest()[:12]}"
        self.path = self._path_of(new_owner_id())
        self.etag: str | None = None
        self._present: list[Range] = []
        self._saved_at, self._unsaved_bytes = time.monotonic(), 0
        folder.mkdir(parents=True, exist_ok=True)
        if not self._adopt_orphan():
            self.path.touch(exist_ok=False)
        self._writer = self.path.open("r+b", buffering=0)
        self._reader = self.path.open("rb", buffering=0)
        self._buffer = bytearray()

    @property
    def present_bytes(self) -> int:
        return sum(end - start for start, end in self._present)

    def contiguous_bytes(self) -> int:
        """Return the number of bytes that are present from the start without a gap."""
        start, end = next(iter(self._present), (0, 0))
        return end if start == 0 else 0

    def missing_ranges(self) -> Sequence[Range]:
        edges = [0, *(edge for found in self._present for edge in found), self._link.size_bytes]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [(start, end) for start, end in pairs if start < end]

    def write(self, position: int, data: bytes) -> None:
        self._writer.seek(position)
        remaining = memoryview(data)
        while remaining:
            remaining = remaining[self._writer.write(remaining) :]
        self._present = _merge([*self._present, (position, position + len(data))])
        self._unsaved_bytes += len(data)
        age = time.monotonic() - self._saved_at
        if self._unsaved_bytes >= self._config.save_bytes or age > self._config.save_seconds:
            self.save()

    def read(self, position: int, count: int) -> memoryview:
        """Return at most `count` bytes of the data, valid until the next call."""
        if len(self._buffer) < count:
            self._buffer = bytearray(count)
        view = memoryview(self._buffer)[:count]
        self._reader.seek(position)
        return view[: self._reader.readinto(view)]

    def reset(self) -> None:
        """Delete the data, which belongs to another version of the archive."""
        self._present, self.etag = [], None
        self._writer.truncate(0)
        self.save()

    def save(self) -> None:
        """Write the sidecar, so that the data can be resumed."""
        self._saved_at, self._unsaved_bytes = time.monotonic(), 0
        draft = self.path.with_name(f"{self.path.name}.json.new")
        draft.write_text(json.dumps({"etag": self.etag, "present": self._present}))
        draft.replace(_sidecar(self.path))

    def finish(self) -> None:
        """Close the complete part. It stays on disk until `discard`.

        Raises:
            TransferFailed: Another process has taken the part over, after an hour without data (for
                example on a machine that was suspended).
        """
        if not self.path.exists():
            raise TransferFailed(
                f"{self._link.filename!r} was taken over by another process; repeat the download"
            )
        self.save()
        self._close()

    def release(self) -> None:
        """Leave the part to the next attempt, or delete it if it is empty."""
        if not self.present_bytes or not self.path.exists():
            self.discard()
            return
        try:
            self.save()
        finally:
            self._close()
        with suppress(FileNotFoundError):  # another process has taken the part over
            disown(self.path)

    def discard(self) -> None:
        self._close()
        _remove(self.path)

    def _close(self) -> None:
        self._writer.close()
        self._reader.close()

    def _adopt_orphan(self) -> bool:
        """Take over the largest orphaned part of this archive and delete the other orphans.

        Parts of other archives of the same file name are outdated and deleted as well.
        """
        largest_bytes = 0
        for found in sorted(self._folder.glob(f"{glob.escape(f'.{self._link.filename}.')}*.part")):
            if not is_orphaned(found.name.removesuffix(".part").rpartition(".")[2], found):
                continue
            adopted = self._path_of(new_owner_id())
            try:
                os.utime(found)  # before the rename: other machines judge the new owner by its age
                found.rename(adopted)
            except FileNotFoundError:  # another process was faster
                continue
            with suppress(FileNotFoundError):
                _sidecar(found).rename(_sidecar(adopted))
            present, etag = self._load(adopted) if found.name.startswith(self._stem) else ([], None)
            if (count := sum(end - start for start, end in present)) > largest_bytes:
                _remove(self.path)
                self.path, self._present, self.etag, largest_bytes = adopted, present, etag, count
            else:
                _remove(adopted)
        return largest_bytes > 0

    def _load(self, part: Path) -> tuple[list[Range], str | None]:
        """Return the present ranges and the ETag, or nothing without a valid sidecar."""
        size_bytes = min(part.stat().st_size, self._link.size_bytes)
        try:
            state = json.loads(_sidecar(part).read_text())
            ranges = [(int(start), min(int(end), size_bytes)) for start, end in state["present"]]
            return _merge([found for found in ranges if 0 <= found[0] < found[1]]), state["etag"]
        except (OSError, ValueError, KeyError, TypeError):
            return [], None

    def _path_of(self, owner_id: str) -> Path:
        return self._folder / f"{self._stem}.{owner_id}.part"


def _sidecar(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _remove(part: Path) -> None:
    _sidecar(part).unlink(missing_ok=True)
    part.unlink(missing_ok=True)


def _merge(ranges: Sequence[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged
