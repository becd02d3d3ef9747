"""Download of one large archive: the client, which computes the SHA-256, compared with curl."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import obstore
from dataops_client import ArchiveLink
from dataops_client.transfer.engine import Downloader
from dataops_client.transfer.object_store import ObjectStoreClient

from .rows import Row
from .service import BUCKET, Stores

_SIZE_BYTES = 2**30
_BLOCK_BYTES = 16 * 2**20
_KEY = "floor/large.zip"
_ROUNDS = 3


def measure_transfer(stores: Stores, work: Path) -> Row:
    """Return the best of three rounds, in which client and curl alternate."""
    link = _store_archive(stores)
    storage = ObjectStoreClient("bench", timeout_seconds=60)
    downloader = Downloader(storage)
    work.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, list[float]] = {"client": [], "curl": []}

    def by_curl() -> Callable[[], None]:
        saved = work / "curl"
        subprocess.run(["curl", "-s", "-f", "-o", saved, link.download_url], check=True)
        return saved.unlink

    def by_client() -> Callable[[], None]:
        return downloader.download(link, lambda: link, work, progress=lambda _: None).discard

    for _ in range(_ROUNDS):
        for name, action in (("curl", by_curl), ("client", by_client)):
            began = time.perf_counter()
            remove = action()
            seconds[name].append(time.perf_counter() - began)
            remove()
    storage.close()
    stores.delete(_KEY)
    client, curl = (_SIZE_BYTES / min(seconds[name]) / 1e6 for name in ("client", "curl"))
    return Row(
        "One archive of 1 GiB",
        "client with SHA-256; the floor is curl",
        "MB/s",
        client,
        floor=curl,
        goal=curl,
    )


def _store_archive(stores: Stores) -> ArchiveLink:
    block, digest = os.urandom(_BLOCK_BYTES), hashlib.sha256()
    count = _SIZE_BYTES // _BLOCK_BYTES
    for _ in range(count):
        digest.update(block)
    obstore.put(stores.objects, _KEY, (block for _ in range(count)), chunk_size=_BLOCK_BYTES)
    url = stores.s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": _KEY})
    return ArchiveLink(
        nc="Al2",
        id_run="1",
        sub_run="0",
        archive_key=_KEY,
        download_url=url,
        expires_at=datetime.now(UTC),
        lifetime_seconds=900,
        size_bytes=_SIZE_BYTES,
        sha256=digest.hexdigest(),
        filename="large.zip",
        profile="full",
        files=(),
        missing=(),
        cached=True,
    )
