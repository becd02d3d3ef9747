"""An archive from its presigned URL onto the disk: resumed where it broke off, verified before it has a name."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from .errors import ChecksumMismatch, TransferFailed
from .models import ArchiveLink
from .retries import HEALING, pauses, retry_after_seconds

_PIECE_BYTES = 1024 * 1024
Progress = Callable[[int], None]
"""Told how many more bytes have arrived."""


def fetch(http: httpx.Client, link: ArchiveLink, renew: Callable[[], ArchiveLink], target: Path, progress: Progress) -> None:
    """Write the archive of `link` to `target`, which must not exist; on an error it does not exist afterwards either.

    A body that breaks off is continued from its last byte (`Range`, `If-Match`); a URL that is refused is replaced once per try by
    that of `renew`. TransferFailed when all tries are used up, ChecksumMismatch when what came is not what was announced.
    """
    digest = hashlib.sha256()
    waits = pauses()
    tag: str | None = None
    failure = ""
    with target.open("xb") as file:
        try:
            while file.tell() < link.size_bytes:
                before = file.tell()
                wait: float | None = 0.0
                try:
                    headers = {"Accept-Encoding": "identity"}
                    if before:
                        headers |= {"Range": f"bytes={before}-"} | ({"If-Match": tag} if tag else {})
                    with http.stream("GET", link.download_url, headers=headers) as answer:
                        failure = f"HTTP {answer.status_code}"
                        if answer.status_code == 403:
                            link = _same(renew(), link)
                        elif answer.status_code in (412, 416) or (before and answer.status_code == 200):
                            file.seek(0)
                            file.truncate()
                            digest, tag = hashlib.sha256(), None
                            progress(-before)
                        if answer.status_code == 200 or (before and answer.status_code == 206 and _continues(answer, before, link)):
                            tag = answer.headers.get("ETag")
                            for piece in answer.iter_raw(_PIECE_BYTES):
                                if file.tell() + len(piece) > link.size_bytes:
                                    raise ChecksumMismatch(f"{link.filename!r} is longer than the announced {link.size_bytes} bytes")
                                file.write(piece)
                                digest.update(piece)
                                progress(len(piece))
                            failure = f"the body ended after {file.tell()} of {link.size_bytes} bytes"
                        elif answer.status_code in HEALING:
                            wait = retry_after_seconds(answer.headers.get("Retry-After"), 0.0)
                        elif answer.status_code not in (200, 206, 403, 412, 416):
                            raise TransferFailed(f"{link.filename!r}: the storage answered HTTP {answer.status_code}")
                except httpx.TransportError as error:
                    failure = str(error) or type(error).__name__
                if file.tell() > before:
                    waits = pauses()
                elif file.tell() < link.size_bytes:
                    pause = next(waits, None)
                    if pause is None:
                        raise TransferFailed(f"{link.filename!r} did not arrive: {failure}")
                    time.sleep(max(pause, wait or 0.0))
            if digest.hexdigest() != link.sha256:
                raise ChecksumMismatch(f"{link.filename!r} has SHA-256 {digest.hexdigest()}, announced was {link.sha256}")
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            target.unlink()
            raise


def _same(fresh: ArchiveLink, link: ArchiveLink) -> ArchiveLink:
    """The fresh link, which must be to the same archive: what has arrived of it would not fit to another."""
    if (fresh.size_bytes, fresh.sha256) != (link.size_bytes, link.sha256):
        raise TransferFailed(f"{link.filename!r} changed while it was downloaded: start again")
    return fresh


def _continues(answer: httpx.Response, position: int, link: ArchiveLink) -> bool:
    given: str = answer.headers.get("Content-Range", "")
    return given.replace(" ", "") == f"bytes{position}-{link.size_bytes - 1}/{link.size_bytes}"
