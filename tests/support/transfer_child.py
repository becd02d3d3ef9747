"""A process that fetches the archive: `transfer_child URL FOLDER KILLED_AFTER whole|ranges`.

It prints the SHA-256 of what it got, and removes it; where KILLED_AFTER is not 0 it is killed once that many bytes are there.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path

from dataops_client.transfer import engine, part_file
from dataops_client.transfer.object_store import ObjectStoreClient

from tests.support.transfers import fetch


def main() -> None:
    url, folder, killed_after, kind = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if kind == "ranges":
        (
            engine.MULTIPART_THRESHOLD,
            engine.CHUNK_BYTES,
            engine.SINGLE_CONNECTION_BYTES_PER_SECOND,
        ) = (
            100_000,
            40_000,
            float("inf"),
        )
    engine._READ_BYTES, part_file._SAVE_BYTES = 5_000, 1
    there = [0]

    def progress(count: int) -> None:
        there[0] += count
        if killed_after and there[0] >= killed_after:
            os.kill(os.getpid(), signal.SIGKILL)

    print(
        hashlib.sha256(
            fetch(ObjectStoreClient("child", timeout_seconds=60), url, folder, progress=progress)
        ).hexdigest()
    )


if __name__ == "__main__":
    main()
