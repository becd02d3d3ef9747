"""An archive from its presigned URL onto the disk: resumed where it broke off, verified before it has a name."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from .errors import ChecksumMismatch, TransferFailed
from .models import ArchiveLink
from .retries import HEALING, pauses, retry_after_seconds

_STARTS_OVER = (412, 416)
"""What is there is not what was begun."""


def fetch(
    http: httpx.Client, link: ArchiveLink, renew: Callable[[], ArchiveLink], target: Path, progress: Callable[[int], None]
) -> None:
    """Write the archive of `link` to `target`, which must not exist; on an error it does not exist afterwards either.

    A body that breaks off is continued from its last byte (`Range`, `If-Match`); a URL that is refused is replaced by that of
    `renew`. `progress` is told how many more bytes have arrived. TransferFailed when all tries without a new byte are used up,
    ChecksumMismatch when what came is not what was announced.
    """
    with target.open("xb") as file:
        try:
            _Transfer(http, link, renew, file, progress).run()
        except BaseException:
            target.unlink()
            raise


class _Transfer:
    """One archive on its way: what has arrived, and what became of the last try."""

    def __init__(
        self, http: httpx.Client, link: ArchiveLink, renew: Callable[[], ArchiveLink], file: BinaryIO, progress: Callable[[int], None]
    ) -> None:
        self._http, self._link, self._renew, self._file, self._progress = http, link, renew, file, progress
        self._digest = hashlib.sha256()
        self._arrived = 0
        self._tag: str | None = None
        self._failure = ""
        self._asked_to_wait_seconds = 0.0

    def run(self) -> None:
        waits = pauses()
        while self._arrived < self._link.size_bytes:
            before, self._asked_to_wait_seconds = self._arrived, 0.0
            try:
                self._try()
            except httpx.TransportError as error:
                self._failure = str(error) or type(error).__name__
            if self._arrived > before:
                waits = pauses()
            elif (pause := next(waits, None)) is None:
                raise TransferFailed(f"{self._link.filename!r} did not arrive: {self._failure}")
            else:
                time.sleep(max(pause, self._asked_to_wait_seconds))
        if self._digest.hexdigest() != self._link.sha256:
            raise ChecksumMismatch(f"{self._link.filename!r} has SHA-256 {self._digest.hexdigest()}, announced was {self._link.sha256}")

    def _try(self) -> None:
        headers = {"Accept-Encoding": "identity"}
        if self._arrived:
            headers["Range"] = f"bytes={self._arrived}-"
            if self._tag:
                headers["If-Match"] = self._tag
        with self._http.stream("GET", self._link.download_url, headers=headers) as answer:
            self._failure = f"the storage answered HTTP {answer.status_code}"
            if answer.status_code == 403:
                self._renew_link()
            elif answer.status_code in _STARTS_OVER:
                self._start_over()
            elif answer.status_code in HEALING:
                self._asked_to_wait_seconds = retry_after_seconds(answer.headers.get("Retry-After"), 0.0)
            elif answer.status_code == 200:
                self._start_over()
                self._tag = answer.headers.get("ETag")
                self._receive(answer)
            elif answer.status_code == 206 and self._continues(answer):
                self._receive(answer)
            elif answer.status_code != 206:
                raise TransferFailed(f"{self._link.filename!r}: {self._failure}")

    def _receive(self, answer: httpx.Response) -> None:
        for piece in answer.iter_raw():  # in pieces as they come: gathered ones are lost when the body breaks off
            if self._arrived + len(piece) > self._link.size_bytes:
                raise ChecksumMismatch(f"{self._link.filename!r} is longer than the announced {self._link.size_bytes} bytes")
            self._file.write(piece)
            self._digest.update(piece)
            self._arrived += len(piece)
            self._progress(len(piece))
        self._failure = f"the body ended after {self._arrived} of {self._link.size_bytes} bytes"

    def _continues(self, answer: httpx.Response) -> bool:
        size_bytes = self._link.size_bytes
        given: str = answer.headers.get("Content-Range", "")
        return given.replace(" ", "") == f"bytes{self._arrived}-{size_bytes - 1}/{size_bytes}"

    def _start_over(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._progress(-self._arrived)
        self._digest, self._arrived, self._tag = hashlib.sha256(), 0, None

    def _renew_link(self) -> None:
        fresh = self._renew()
        if (fresh.size_bytes, fresh.sha256) != (self._link.size_bytes, self._link.sha256):
            raise TransferFailed(f"{self._link.filename!r} changed while it was downloaded: start again")
        self._link = fresh
