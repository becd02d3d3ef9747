"""Background builds in threads of this process, for deployments without a builder function."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from chalicelib.domain.builds import ArchiveSpec, BuildRequest
from chalicelib.usecases.build_slots import BuildSlots

_LOG = logging.getLogger("dataops")


class LocalBuildQueue:
    """Implements `BuildQueue`: calls `build` in up to `slots.count` threads, and logs errors.

    An archive is queued once; a second request for it only replaces the lease holder of the first.
    """

    def __init__(self, build: Callable[[BuildRequest], None], slots: BuildSlots) -> None:
        self._build = build
        self._slots = slots
        self._lock = threading.Lock()
        self._holders: dict[ArchiveSpec, str | None] = {}
        self._queue: SimpleQueue[ArchiveSpec] = SimpleQueue()
        self._workers = 0

    def submit(self, request: BuildRequest) -> None:
        with self._lock:
            if request.spec not in self._holders:
                self._queue.put(request.spec)
                if self._workers < self._slots.count:
                    self._workers += 1
                    threading.Thread(target=self._work, name="builder", daemon=True).start()
            self._holders[request.spec] = request.holder

    def _work(self) -> None:
        while True:
            spec = self._queue.get()
            with self._slots.in_background():
                with self._lock:
                    request = BuildRequest(spec, self._holders.pop(spec))
                try:
                    self._build(request)
                except Exception:
                    _LOG.exception("building %s failed", spec.key)
