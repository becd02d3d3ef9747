"""Concurrent transfer of the missing ranges of one archive, hashed while they arrive."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, MaxRetryError

from dataops_client.errors import Cancelled, ChecksumMismatch, TransferFailed
from dataops_client.transfer.config import TransferConfig
from dataops_client.transfer.object_store import ObjectStoreClient
from dataops_client.transfer.part_file import PartFile
from dataops_client.transfer.presigned_url import RefreshingLink
from dataops_client.transfer.response_policy import (
    Action,
    Range,
    classify_response,
    get_strong_etag,
)

_HASH_BYTES = 1024 * 1024
_MAX_BYTES_HASHED_AT_ONCE = 4 * 1024 * 1024
"""Size of archives that the worker hashes: waking the other thread takes longer than the hashing.
All their data arrives in order, unless some is of an earlier attempt."""
_JOIN_TIMEOUT_SECONDS = 1.0
"""Time to wait for workers that are blocked by the store or the API. They cannot write any more."""


class ArchiveChanged(Exception):
    """Change of the archive during the download, or a store that does not support ranges."""


@dataclass(eq=False)
class RangeTransfer:
    """One pass over the missing ranges of a part file.

    Workers fetch ranges and retry each of them. The calling thread hashes the contiguous data, or
    the worker that of a small archive. The calling thread reads the data back from the page cache:
    blocks that wait for it in memory cost a page fault per 4 KiB, which takes longer.

    After `run` returns or raises, no worker writes to the part file, even one that did not stop
    within the join timeout.
    """

    store: ObjectStoreClient
    config: TransferConfig
    source: RefreshingLink
    part: PartFile
    progress: Callable[[int], None]
    cancel: threading.Event
    concurrency: int

    def __post_init__(self) -> None:
        self._link = self.source.get()
        chunk_bytes = self.config.chunk_bytes if self.concurrency > 1 else self._link.size_bytes
        self._ranges = _split(self.part.missing_ranges(), chunk_bytes)
        self._data_arrived = threading.Condition()
        self._awaited_bytes = 0
        self._digest = hashlib.sha256()
        self._hash_at_once = (
            self._link.size_bytes <= _MAX_BYTES_HASHED_AT_ONCE
            and self.concurrency == 1
            and not self.part.present_bytes
        )
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        self._responses: set[BaseHTTPResponse] = set()
        self._workers: list[threading.Thread] = []

    def run(self) -> None:
        """Fetch all missing ranges and verify the SHA-256 of the archive.

        Raises:
            ChecksumMismatch: The SHA-256 differs from the announced one.
            ArchiveChanged: The transfer must start from the first byte.
            TransferFailed: All attempts of a range failed.
            Cancelled: The cancellation event was set.
        """
        try:
            self._start_worker()
            digest = self._hash_incoming()
        finally:
            with self._data_arrived:  # held by each worker that writes
                self._ended.set()
            self._interrupt_reads()
            deadline = monotonic() + _JOIN_TIMEOUT_SECONDS
            for worker in self._workers:
                worker.join(max(deadline - monotonic(), 0.0))
        if digest != self._link.sha256:
            raise ChecksumMismatch(
                f"{self._link.filename!r} has SHA-256 {digest}; expected {self._link.sha256}"
            )

    def _hash_incoming(self) -> str:
        """Return the SHA-256 of the archive, computed while data arrives."""
        position, size_bytes = 0, self._link.size_bytes
        step_bytes = size_bytes if self._hash_at_once else _HASH_BYTES
        while position < size_bytes:
            self._awaited_bytes = min(position + step_bytes, size_bytes)
            available = self.part.contiguous_bytes()
            if available < self._awaited_bytes:
                with self._data_arrived:
                    self._data_arrived.wait(0.2)
                if self._failure:
                    raise self._failure
                if self.cancel.is_set():
                    raise Cancelled(
                        f"download of {self._link.filename!r} was cancelled; "
                        f"{self.part.present_bytes} of {size_bytes} bytes are kept"
                    )
                continue
            if self._hash_at_once:
                break
            while position < available:
                data = self.part.read(position, min(_HASH_BYTES, available - position))
                if not data:
                    raise TransferFailed(
                        f"part file of {self._link.filename!r} was truncated by another process"
                    )
                self._digest.update(data)
                position += len(data)
        return self._digest.hexdigest()

    def _start_worker(self) -> None:
        worker = threading.Thread(target=self._work, name="transfer", daemon=True)
        self._workers.append(worker)
        worker.start()

    def _work(self) -> None:
        try:
            while (chunk := self._next_range()) and not self._ended.is_set():
                began = monotonic()
                self._fetch_range(*chunk)
                self._add_worker_if_slow(chunk[1] - chunk[0], monotonic() - began)
        except BaseException as error:
            self._failure = self._failure or error  # raised again by the calling thread
            with self._data_arrived:
                self._data_arrived.notify()

    def _add_worker_if_slow(self, size_bytes: int, seconds: float) -> None:
        with self._data_arrived:
            if (
                size_bytes < self.config.single_connection_bytes_per_second * seconds
                and len(self._workers) < self.concurrency
                and not self._ended.is_set()
            ):
                self._start_worker()

    def _next_range(self) -> Range | None:
        with self._data_arrived:
            return next(self._ranges, None)

    def _fetch_range(self, start: int, end: int) -> None:
        """Fetch a range, resuming after its last byte. Only attempts without a new byte count."""
        retries, position = self.config.retry, start
        while position < end and not self._ended.is_set():
            previous, retry_after = position, None
            try:
                position, reason, retry_after = self._request(position, end)
            except HTTPError as error:
                reason = str(error) or type(error).__name__
            if position > previous:
                retries = self.config.retry
                continue
            try:
                retries = retries.increment()
            except MaxRetryError:
                raise TransferFailed(
                    f"download of {self._link.filename!r} failed: {reason}"
                ) from None
            self._ended.wait(retries.delay_seconds(retry_after))

    def _request(self, position: int, end: int) -> tuple[int, str, str | None]:
        """Send one request. Return the position reached, why it ended, and `Retry-After`."""
        link, etag = self.source.get(), self.part.etag
        requested = (position, end) if (position, end) != (0, link.size_bytes) else None
        headers = {"Range": f"bytes={position}-{end - 1}"} if requested else {}
        if etag:
            headers["If-Match"] = etag  # not If-Range, which some stores ignore
        response = self.store.get(link.download_url, headers)
        try:
            action, reason = classify_response(
                response.status, response.headers, requested, link.size_bytes, etag
            )
            if action is Action.ACCEPT:
                self.part.etag = self.part.etag or get_strong_etag(response.headers)
                return *self._receive(response, position, end), None
            if action is Action.REFRESH_URL:
                self.source.replace(link)
            elif action is Action.RESTART:
                raise ArchiveChanged(reason)
            elif action is Action.FAIL:
                raise TransferFailed(f"download of {link.filename!r} failed: {reason}")
            return position, reason, response.headers.get("Retry-After")
        finally:
            response.close()

    def _receive(self, response: BaseHTTPResponse, position: int, end: int) -> tuple[int, str]:
        """Write the body to the part file. Return the position reached and why it ended."""
        self._responses.add(response)
        reason = "the connection was closed"
        try:
            # read1 returns what has arrived; read would lose it if the connection breaks off.
            while data := response.read1(self.config.read_bytes):
                if position + len(data) > end:
                    reason = f"the response is {position + len(data) - end} bytes too long"
                    break
                with self._data_arrived:
                    if self._ended.is_set():
                        break
                    if self._hash_at_once:
                        self._digest.update(data)
                    self.part.write(position, data)  # after the hashing: the last byte ends `run`
                    position += len(data)
                    self.progress(len(data))
                    # Waking the hashing thread for less data costs more than the hashing.
                    if self.part.contiguous_bytes() >= self._awaited_bytes:
                        self._data_arrived.notify()
        except HTTPError as error:
            reason = str(error) or type(error).__name__
        finally:
            self._responses.discard(response)
        return position, f"{reason} at {position} of {self._link.size_bytes} bytes"

    def _interrupt_reads(self) -> None:
        """Wake workers that wait for data: shutting a connection down does, closing it does not."""
        for response in list(self._responses):
            with suppress(OSError, RuntimeError, ValueError):
                response.shutdown()


def _split(ranges: Sequence[Range], chunk_bytes: int) -> Iterator[Range]:
    return (
        (position, min(position + chunk_bytes, end))
        for start, end in ranges
        for position in range(start, end, chunk_bytes)
    )
