"""An archive from its presigned URL onto the disk: in ranges side by side, resumed where it broke off, verified before it has a name."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

from urllib3 import BaseHTTPResponse

from .errors import ChecksumMismatch, Stopped, TransferFailed
from .models import ArchiveLink
from .part_file import PartFile
from .retries import HEALING, pauses, retry_after_seconds
from .storage import BROKEN, Storage

SIDE_BY_SIDE_BYTES = 64 * 1024 * 1024
"""Archives from this size on are fetched in ranges, several at once where that may help."""
RANGE_BYTES = 16 * 1024 * 1024
CONNECTIONS = 4
ENOUGH_BYTES_PER_SECOND = 200e6
"""One connection to a far object store gives 100 MB/s at most; where one gives more than this, others would only cost."""
_EARLY_SECONDS = 15.0
"""How long before a URL expires another one is asked for."""
_HASHED_BYTES = 1024 * 1024
_READ_BYTES = 1024 * 1024
_LEAST_SECONDS_BETWEEN_RENEWALS = 1.0


def fetch(  # noqa: PLR0917
    storage: Storage,
    link: ArchiveLink,
    renew: Callable[[], ArchiveLink],
    folder: Path,
    progress: Callable[[int], None],
    stop: threading.Event | None = None,
) -> Path:
    """The archive of `link`, complete and verified, in `folder`, under a hidden name that is its caller's alone, who removes it.

    What an earlier try left there is continued, and what this one cannot finish is left for the next: TransferFailed when all tries
    without a new byte are used up, Stopped when `stop` is set. ChecksumMismatch, and nothing is kept, when what came is not what was
    announced. A URL that is refused, or about to expire, is replaced by that of `renew`. `progress` is told how many more bytes are
    there: negative where some turned out to be of something else.
    """
    part = PartFile(link, folder)
    try:
        resumed = part.present_bytes
        stop = stop or threading.Event()
        if resumed:
            progress(resumed)
        try:
            _Transfer(storage, link, renew, part, progress, stop).run()
        except ChecksumMismatch:
            if not resumed:
                raise
            # What was there is not what it said it was, after a loss of power for example.
            progress(-part.present_bytes)
            part.clear()
            _Transfer(storage, link, renew, part, progress, stop).run()
    except ChecksumMismatch:
        part.discard()
        raise
    except BaseException:
        part.release()
        raise
    return part.finish()


class _Changed(Exception):
    """What is in the storage is not what was begun, or cannot be had in ranges: it has to come anew, from one connection."""


class _Transfer:
    """One archive on its way. Workers fetch ranges, each with tries of its own; this thread hashes what is there without a gap."""

    def __init__(  # noqa: PLR0917
        self,
        storage: Storage,
        link: ArchiveLink,
        renew: Callable[[], ArchiveLink],
        part: PartFile,
        progress: Callable[[int], None],
        stop: threading.Event,
    ) -> None:
        self._storage, self._part, self._progress, self._stop = storage, part, progress, stop
        self._links = _Links(link, renew)
        self._link = link
        self._moved = threading.Condition()
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        self._answers: set[BaseHTTPResponse] = set()
        self._workers: list[threading.Thread] = []

    def run(self) -> None:
        connections = CONNECTIONS if self._link.size_bytes >= SIDE_BY_SIDE_BYTES else 1
        for _ in range(3):
            try:
                self._run(connections)
                return
            except _Changed as changed:
                reason, connections = changed, 1
                self._progress(-self._part.present_bytes)
                self._part.clear()
        raise TransferFailed(f"{self._link.filename!r} did not arrive: {reason}")

    def _run(self, connections: int) -> None:
        self._failure = None
        self._ended.clear()
        ranges = deque(_cut(self._part.gaps(), RANGE_BYTES if connections > 1 else self._link.size_bytes))
        self._workers = [threading.Thread(target=self._work, args=(ranges, connections), daemon=True)]
        self._workers[0].start()
        try:
            digest = self._hashed()
        finally:
            with self._moved:
                self._ended.set()
            self._interrupt()
            for worker in self._workers:  # which only grow in number, and not any more
                worker.join()
        if self._link.sha256 is not None and digest != self._link.sha256:
            raise ChecksumMismatch(f"{self._link.filename!r} has SHA-256 {digest}, announced was {self._link.sha256}")

    def _hashed(self) -> str:
        """The SHA-256 of the whole, computed while it arrives; whatever a worker or the caller ends is raised here."""
        digest = hashlib.sha256()
        position, size_bytes = 0, self._link.size_bytes
        while position < size_bytes:
            frontier = self._part.frontier()
            if frontier - position < min(_HASHED_BYTES, size_bytes - position):
                with self._moved:
                    self._moved.wait(0.2)
                if self._failure:
                    raise self._failure
                if self._stop.is_set():
                    raise Stopped(f"{self._link.filename!r} was stopped: {self._part.present_bytes} of {size_bytes} bytes are kept")
                continue
            while position < frontier:
                piece = self._part.read(position, min(_HASHED_BYTES, frontier - position))
                if not piece:
                    raise TransferFailed(f"{self._link.filename!r}: what had arrived is no longer there")
                digest.update(piece)
                position += len(piece)
        return digest.hexdigest()

    def _work(self, ranges: deque[tuple[int, int]], connections: int) -> None:
        try:
            while (span := _next(ranges)) and not self._ended.is_set():
                began = monotonic()
                self._fetch_range(*span)
                if (span[1] - span[0]) / ENOUGH_BYTES_PER_SECOND < monotonic() - began:
                    self._have_helped(ranges, connections)
        except BaseException as error:
            self._failure = self._failure or error  # raised again in the thread that hashes
            with self._moved:
                self._moved.notify()

    def _have_helped(self, ranges: deque[tuple[int, int]], connections: int) -> None:
        """Start one worker more, up to that many connections."""
        with self._moved:
            if ranges and len(self._workers) < connections and not self._ended.is_set():
                self._workers.append(threading.Thread(target=self._work, args=(ranges, connections), daemon=True))
                self._workers[-1].start()

    def _fetch_range(self, start: int, stop: int) -> None:
        """Fetch the range, going on from its last byte where it breaks off."""
        waits = pauses()
        position = start
        while position < stop and not self._ended.is_set():
            before, asked_to_wait_seconds, failure = position, 0.0, ""
            try:
                position, failure, asked_to_wait_seconds = self._try(position, stop)
            except BROKEN as error:
                failure = _said(error)
            if position > before:
                waits = pauses()
            elif self._ended.is_set():
                return
            elif (pause := next(waits, None)) is None:
                raise TransferFailed(f"{self._link.filename!r} did not arrive: {failure}")
            else:
                self._ended.wait(max(pause, asked_to_wait_seconds))

    def _try(self, position: int, stop: int) -> tuple[int, str, float]:
        """One request: how far it came, what was wrong, and how long the storage asks to wait."""
        link = self._links.current()
        headers = {}
        if (position, stop) != (0, link.size_bytes):
            headers["Range"] = f"bytes={position}-{stop - 1}"
        if self._part.etag:
            headers["If-Match"] = self._part.etag
        answer = self._storage.get(link.download_url, headers)
        try:
            failure = f"the storage answered HTTP {answer.status}"
            if answer.status == 403:
                self._links.replace(link)
            elif answer.status in (412, 416):
                raise _Changed(failure)
            elif answer.status in HEALING:
                return position, failure, retry_after_seconds(answer.headers.get("Retry-After"), 0.0)
            elif answer.status == 200 and "Range" in headers:
                raise _Changed("the storage does not give ranges")
            elif answer.status == 200 or (answer.status == 206 and _is_range(answer, position, stop, link.size_bytes)):
                self._part.etag = self._part.etag or answer.headers.get("ETag")
                position, failure = self._receive(answer, position, stop)
            elif answer.status == 206:
                failure = f"the storage answered {answer.headers.get('Content-Range')!r} to {headers['Range']!r}"
            else:
                raise TransferFailed(f"{link.filename!r}: {failure}")
        finally:
            answer.close()
        return position, failure, 0.0

    def _receive(self, answer: BaseHTTPResponse, position: int, stop: int) -> tuple[int, str]:
        """How far the body came, and how it ended."""
        self._answers.add(answer)
        ended = "the body ended"
        try:
            while piece := answer.read1(_READ_BYTES):  # as much as has come: what waits for more is lost when the body breaks off
                if self._ended.is_set():
                    break
                if position + len(piece) > stop:
                    raise ChecksumMismatch(f"{self._link.filename!r} is longer than the announced {self._link.size_bytes} bytes")
                self._part.write(position, piece)
                position += len(piece)
                with self._moved:
                    self._progress(len(piece))
                    self._moved.notify()
        except BROKEN as error:
            ended = _said(error)
        finally:
            self._answers.discard(answer)
        return position, f"{ended} at {position} of {self._link.size_bytes} bytes"

    def _interrupt(self) -> None:
        """Wake workers that wait for bytes: closing a connection does not, shutting it down does."""
        for answer in list(self._answers):
            with suppress(OSError, RuntimeError, ValueError):
                answer.shutdown()


class _Links:
    """The URL as it is now; of several workers that find it refused, one asks for another."""

    def __init__(self, link: ArchiveLink, renew: Callable[[], ArchiveLink]) -> None:
        self._link, self._renew = link, renew
        self._lock = threading.Lock()
        self._since = monotonic()

    def current(self) -> ArchiveLink:
        """The link, renewed early where it is about to expire."""
        link = self._link
        age = monotonic() - self._since
        if age > max(link.lifetime_seconds - _EARLY_SECONDS, link.lifetime_seconds / 2, _LEAST_SECONDS_BETWEEN_RENEWALS):
            self.replace(link)
        return self._link

    def replace(self, refused: ArchiveLink) -> None:
        """Ask for another in place of `refused`, unless that was done. TransferFailed where the archive is another one now."""
        with self._lock:
            if self._link is not refused:
                return
            fresh = self._renew()
            if (fresh.archive_key, fresh.size_bytes, fresh.sha256) != (refused.archive_key, refused.size_bytes, refused.sha256):
                raise TransferFailed(f"{refused.filename!r} changed while it was downloaded: start again")
            self._link, self._since = fresh, monotonic()


def _next(ranges: deque[tuple[int, int]]) -> tuple[int, int] | None:
    try:
        return ranges.popleft()
    except IndexError:
        return None


def _cut(gaps: Sequence[tuple[int, int]], range_bytes: int) -> list[tuple[int, int]]:
    return [(begin, min(begin + range_bytes, stop)) for start, stop in gaps for begin in range(start, stop, range_bytes)]


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_range(answer: BaseHTTPResponse, position: int, stop: int, size_bytes: int) -> bool:
    given: str = answer.headers.get("Content-Range", "")
    return given.replace(" ", "") == f"bytes{position}-{stop - 1}/{size_bytes}"

