"""An archive from its presigned URL onto the disk: in ranges side by side, resumed where it broke off, verified before it has a name."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

from urllib3 import BaseHTTPResponse

from dataops_client.connections import CONNECTION_ERRORS
from dataops_client.errors import Cancelled, ChecksumMismatch, TransferFailed
from dataops_client.models import ArchiveLink
from dataops_client.retry import backoff_delays, retry_after_seconds
from dataops_client.transfer.object_store import ObjectStoreClient
from dataops_client.transfer.part_file import PartFile
from dataops_client.transfer.presigned_url import RefreshingLink
from dataops_client.transfer.response_policy import Action, classify_response, strong_etag

MULTIPART_THRESHOLD = 64 * 1024 * 1024
"""Archives from this size on are fetched in ranges, several at once where that may help."""
CHUNK_BYTES = 16 * 1024 * 1024
MAX_CONCURRENCY = 4
SINGLE_CONNECTION_BYTES_PER_SECOND = 200e6
"""One connection to a far object store gives 100 MB/s at most; where one gives more than this, others would only cost."""
_HASHED_BYTES = 1024 * 1024
_READ_BYTES = 512 * 1024
_MAX_RESTARTS = 3
_JOIN_TIMEOUT_SECONDS = 1.0
"""How long a worker that waits for a storage, or for the API, is waited for when all is over. It cannot write any more."""


def fetch(  # noqa: PLR0917
    storage: ObjectStoreClient,
    link: ArchiveLink,
    renew: Callable[[], ArchiveLink],
    folder: Path,
    progress: Callable[[int], None],
    stop: threading.Event | None = None,
) -> Path:
    """The archive of `link`, complete and verified, in `folder`, under a hidden name that is its caller's alone, who removes it.

    What an earlier try left there is continued, and what this one cannot finish is left for the next: TransferFailed when all tries
    without a new byte are used up, Stopped when `stop` is set. ChecksumMismatch, and nothing is kept, when what came is not what was
    announced. A URL that is refused, or about to expire, is replaced by that of `renew`. `progress` is told first how many
    bytes are there already, then how many more: negative where some turned out to be of something else.
    """
    part = PartFile(link, folder)
    links, stop = RefreshingLink(link, renew), stop or threading.Event()
    try:
        resumed = part.present_bytes
        progress(resumed)
        try:
            _complete(storage, links, part, progress, stop)
        except ChecksumMismatch:
            if not resumed:
                raise
            # What was there is not what it said it was, after a loss of power for example.
            progress(-part.present_bytes)
            part.clear()
            _complete(storage, links, part, progress, stop)
    except ChecksumMismatch:
        part.discard()
        raise
    except BaseException:
        part.release()
        raise
    return part.finish()


def _complete(
    storage: ObjectStoreClient,
    links: RefreshingLink,
    part: PartFile,
    progress: Callable[[int], None],
    stop: threading.Event,
) -> None:
    """Fetch what is missing. Where the storage has something else than what was begun, or no ranges, that is all, from one connection."""
    link = links.current()
    connections = MAX_CONCURRENCY if link.size_bytes >= MULTIPART_THRESHOLD else 1
    for _ in range(_MAX_RESTARTS):
        try:
            _Transfer(storage, links, part, progress, stop, connections).run()
            return
        except _Changed as changed:
            reason, connections = changed, 1
            progress(-part.present_bytes)
            part.clear()
    raise TransferFailed(f"{link.filename!r} did not arrive: {reason}")


class _Changed(Exception):
    """What is in the storage is not what was begun, or cannot be had in ranges: it has to come anew."""


class _Transfer:
    """One archive on its way. Workers fetch ranges, each with tries of its own; the calling thread hashes what is there without a gap.

    Whatever ends it, nothing is written to the part afterwards, even by a worker that could not be waited for.
    """

    def __init__(  # noqa: PLR0917
        self,
        storage: ObjectStoreClient,
        links: RefreshingLink,
        part: PartFile,
        progress: Callable[[int], None],
        stop: threading.Event,
        connections: int,
    ) -> None:
        self._storage, self._links, self._part, self._progress, self._stop = (
            storage,
            links,
            part,
            progress,
            stop,
        )
        self._link = links.current()
        self._connections = connections
        self._ranges = _cut(
            part.missing_ranges(), CHUNK_BYTES if connections > 1 else self._link.size_bytes
        )
        self._data_arrived = threading.Condition()
        self._awaited_bytes = 0
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        self._answers: set[BaseHTTPResponse] = set()
        self._workers: list[threading.Thread] = []

    def run(self) -> None:
        """ChecksumMismatch where what is there in the end is not what was announced; whatever a worker, or `stop`, ended it with."""
        try:
            self._add_worker()
            digest = self._hash_incoming()
        finally:
            with self._data_arrived:  # which every writing worker holds
                self._ended.set()
            self._interrupt()
            deadline = monotonic() + _JOIN_TIMEOUT_SECONDS
            for worker in self._workers:  # which only grow in number, and not any more
                worker.join(max(deadline - monotonic(), 0.0))
        if digest != self._link.sha256:
            raise ChecksumMismatch(
                f"{self._link.filename!r} has SHA-256 {digest}, announced was {self._link.sha256}"
            )

    def _hash_incoming(self) -> str:
        """The SHA-256 of the whole, computed while it arrives; whatever a worker or the caller ends is raised here."""
        digest = hashlib.sha256()
        position, size_bytes = 0, self._link.size_bytes
        while position < size_bytes:
            self._awaited_bytes = min(position + _HASHED_BYTES, size_bytes)
            contiguous_bytes = self._part.contiguous_bytes()
            if contiguous_bytes < self._awaited_bytes:
                with self._data_arrived:
                    self._data_arrived.wait(0.2)
                if self._failure:
                    raise self._failure
                if self._stop.is_set():
                    raise Cancelled(
                        f"{self._link.filename!r} was stopped: {self._part.present_bytes} of {size_bytes} bytes are kept"
                    )
                continue
            while position < contiguous_bytes:
                piece = self._part.read(position, min(_HASHED_BYTES, contiguous_bytes - position))
                if not piece:
                    raise TransferFailed(
                        f"{self._link.filename!r}: what had arrived is no longer there"
                    )
                digest.update(piece)
                position += len(piece)
        return digest.hexdigest()

    def _add_worker(self) -> None:
        worker = threading.Thread(target=self._work, name="transfer", daemon=True)
        self._workers.append(worker)
        worker.start()

    def _work(self) -> None:
        try:
            while (span := self._next_range()) and not self._ended.is_set():
                began = monotonic()
                self._fetch_range(*span)
                if (span[1] - span[0]) / SINGLE_CONNECTION_BYTES_PER_SECOND < monotonic() - began:
                    self._add_worker_if_slow()
        except BaseException as error:
            self._failure = self._failure or error  # raised again in the thread that hashes
            with self._data_arrived:
                self._data_arrived.notify()

    def _add_worker_if_slow(self) -> None:
        """Start one worker more, up to that many connections."""
        with self._data_arrived:
            if len(self._workers) < self._connections and not self._ended.is_set():
                self._add_worker()

    def _next_range(self) -> tuple[int, int] | None:
        with self._data_arrived:
            return next(self._ranges, None)

    def _fetch_range(self, start: int, stop: int) -> None:
        """Fetch the range, going on from its last byte where it breaks off."""
        waits = backoff_delays()
        position = start
        while position < stop and not self._ended.is_set():
            before, asked_to_wait_seconds, failure = position, 0.0, ""
            try:
                position, failure, asked_to_wait_seconds = self._try(position, stop)
            except CONNECTION_ERRORS as error:
                failure = _said(error)
            if position > before:
                waits = backoff_delays()
            elif (pause := next(waits, None)) is None:
                raise TransferFailed(f"{self._link.filename!r} did not arrive: {failure}")
            else:
                self._ended.wait(max(pause, asked_to_wait_seconds))

    def _try(self, position: int, stop: int) -> tuple[int, str, float]:
        """One request: how far it came, what was wrong, and how long the storage asks to wait."""
        link = self._links.current()
        span = (position, stop) if (position, stop) != (0, link.size_bytes) else None
        headers = {"Range": f"bytes={position}-{stop - 1}"} if span else {}
        if self._part.etag:
            headers["If-Match"] = self._part.etag  # and no If-Range, which some stores ignore
        answer = self._storage.get(link.download_url, headers)
        try:
            meaning, reason = classify_response(
                answer.status, answer.headers, span, link.size_bytes, self._part.etag
            )
            if meaning is Action.ACCEPT:
                self._part.etag = self._part.etag or strong_etag(answer.headers)
                return *self._receive(answer, position, stop), 0.0
            if meaning is Action.REFRESH_URL:
                self._links.replace(link)
            elif meaning is Action.RESTART:
                raise _Changed(reason)
            elif meaning is Action.FAIL:
                raise TransferFailed(f"{link.filename!r}: {reason}")
            return position, reason, retry_after_seconds(answer.headers.get("Retry-After"), 0.0)
        finally:
            answer.close()

    def _receive(self, answer: BaseHTTPResponse, position: int, stop: int) -> tuple[int, str]:
        """How far the body came, and how it ended."""
        self._answers.add(answer)
        ended = "the body ended"
        try:
            while piece := answer.read1(
                _READ_BYTES
            ):  # as much as has come: what waits for more is lost when the body breaks off
                if position + len(piece) > stop:
                    ended = f"the body went on for {len(piece)} bytes"
                    break
                with self._data_arrived:
                    if self._ended.is_set():
                        break
                    self._part.write(position, piece)
                    position += len(piece)
                    self._progress(len(piece))
                    if (
                        self._part.contiguous_bytes() >= self._awaited_bytes
                    ):  # waking for less costs more than the hashing
                        self._data_arrived.notify()
        except CONNECTION_ERRORS as error:
            ended = _said(error)
        finally:
            self._answers.discard(answer)
        return position, f"{ended} at {position} of {self._link.size_bytes} bytes"

    def _interrupt(self) -> None:
        """Wake workers that wait for bytes: closing a connection does not, shutting it down does."""
        for answer in list(self._answers):
            with suppress(OSError, RuntimeError, ValueError):
                answer.shutdown()


def _cut(missing_ranges: Sequence[tuple[int, int]], range_bytes: int) -> Iterator[tuple[int, int]]:
    return (
        (begin, min(begin + range_bytes, stop))
        for start, stop in missing_ranges
        for begin in range(start, stop, range_bytes)
    )


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
