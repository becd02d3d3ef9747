"""Downloads of one archive from a fault server."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dataops_client import ArchiveLink, TransferConfig
from dataops_client.retry import RetryPolicy
from dataops_client.transfer.engine import Downloader
from dataops_client.transfer.object_store import ObjectStoreClient

from .fault_server import FaultServer

CONTENT = random.Random(1).randbytes(300_000)
ATTEMPTS = 6


class ImmediateRetry(RetryPolicy):
    """Retry policy without delays."""

    def delay_seconds(self, retry_after: str | None = None) -> float:
        return 0.0


IMMEDIATELY = ImmediateRetry(total=ATTEMPTS - 1)
SINGLE = TransferConfig(retry=IMMEDIATELY)
SMALL_READS = TransferConfig(retry=IMMEDIATELY, read_bytes=5_000)
PARALLEL = TransferConfig(
    multipart_threshold_bytes=100_000,
    chunk_bytes=60_000,
    single_connection_bytes_per_second=float("inf"),
    read_bytes=5_000,
    retry=IMMEDIATELY,
)
"""Concurrent ranges for small archives, however fast one connection is."""


def build_link(
    server: FaultServer | str, content: bytes = CONTENT, **changes: object
) -> ArchiveLink:
    url = server if isinstance(server, str) else server.url
    made = ArchiveLink(
        nc="Al2", id_run="1", sub_run="0", archive_key="archives/a.zip", download_url=url,
        expires_at=datetime.now(UTC), lifetime_seconds=900, size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(), filename="a.zip", profile="full",
        files=(), missing=(), cached=True,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def ignore(count: int) -> None:
    """Ignore progress."""


def fetch(
    store: ObjectStoreClient,
    server: FaultServer | str,
    folder: Path,
    link: ArchiveLink | None = None,
    progress: Callable[[int], None] = ignore,
    config: TransferConfig = SINGLE,
) -> bytes:
    """Download the archive, delete its file, and return its content."""
    link = link or build_link(server)
    part = Downloader(store, config).download(link, lambda: link, folder, progress=progress)
    content = part.path.read_bytes()
    part.discard()
    return content


class Interrupted(BaseException):
    """Interruption that nothing else raises, like KeyboardInterrupt."""


def interrupt_after(count: int) -> Callable[[int], None]:
    """Return a progress callback that raises Interrupted after so many bytes."""
    remaining = [count]

    def progress(received: int) -> None:
        remaining[0] -= received
        if remaining[0] <= 0:
            raise Interrupted

    return progress


def set_after(event: threading.Event, other: threading.Event) -> None:
    """Set the other event once `event` is set."""
    if event.wait(60):
        other.set()
