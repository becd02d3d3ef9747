"""Transfers of one archive from a fault server, as the tests ask for them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dataops_client import ArchiveLink
from dataops_client.transfer import engine
from dataops_client.transfer.object_store import ObjectStoreClient

from .fault_server import FaultServer

CONTENT = random.Random(1).randbytes(300_000)


def link(server: FaultServer | str, content: bytes = CONTENT, **changes: object) -> ArchiveLink:
    url = server if isinstance(server, str) else server.url
    made = ArchiveLink(
        nc="Al2", id_run="1", sub_run="0", archive_key="archives/a.zip", download_url=url, expires_at=datetime.now(UTC),
        lifetime_seconds=900, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), filename="a.zip", profile="full",
        files=(), missing=(), cached=True,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def nothing(count: int) -> None:
    pass


def fetch(
    http: ObjectStoreClient,
    server: FaultServer | str,
    folder: Path,
    wanted: ArchiveLink | None = None,
    progress: Callable[[int], None] = nothing,
) -> bytes:
    wanted = wanted or link(server)
    path = engine.fetch(http, wanted, lambda: wanted, folder, progress)
    content = path.read_bytes()
    path.unlink()
    return content


class Interrupted(BaseException):
    """As KeyboardInterrupt is, but nobody else's."""


def interrupted_after(count: int) -> Callable[[int], None]:
    left = [count]

    def progress(arrived: int) -> None:
        left[0] -= arrived
        if left[0] <= 0:
            raise Interrupted

    return progress
