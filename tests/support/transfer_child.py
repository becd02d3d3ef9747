"""Process that downloads the archive: `transfer_child URL FOLDER KILL_AFTER single|parallel`.

It prints the SHA-256 of the archive and deletes the file. If KILL_AFTER is not 0, it is killed once
that many bytes are present.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from dataops_client.transfer.object_store import ObjectStoreClient

from tests.support.transfer_helpers import PARALLEL, SMALL_READS, fetch


def main() -> None:
    url, folder, kill_after, kind = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    config = replace(PARALLEL if kind == "parallel" else SMALL_READS, save_bytes=1)
    present = [0]

    def progress(count: int) -> None:
        present[0] += count
        if kill_after and present[0] >= kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    store = ObjectStoreClient("child", timeout_seconds=60)
    content = fetch(store, url, folder, progress=progress, config=config)
    print(hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
