"""Background builds in threads of this process, for deployments without a builder function."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from queue import SimpleQueue

from chalicelib.usecases.build_ports import BuilderTask
from chalicelib.usecases.build_slots import BuildSlots

_LOG = logging.getLogger("dataops")


class LocalBuildQueue:
    """Implements `BuildQueue`: calls `execute` in up to `slots.count` threads, and logs errors.

    A task is queued once; a second request for it only replaces the lease holder of the first.
    """

    def __init__(self, execute: Callable[[BuilderTask], None], slots: BuildSlots) -> None:
        self._execute = execute
        self._slots = slots
        self._lock = threading.Lock()
        self._tasks: dict[Hashable, BuilderTask] = {}
        self._queue: SimpleQueue[Hashable] = SimpleQueue()
        self._workers = 0

    def submit(self, task: BuilderTask) -> None:
        with self._lock:
            if task.task_id not in self._tasks:
                self._queue.put(task.task_id)
                if self._workers < self._slots.count:
                    self._workers += 1
                    threading.Thread(target=self._work, name="builder", daemon=True).start()
            self._tasks[task.task_id] = task

    def _work(self) -> None:
        while True:
            task_id = self._queue.get()
            with self._slots.in_background():
                with self._lock:
                    task = self._tasks.pop(task_id)
                try:
                    self._execute(task)
                except Exception:
                    _LOG.exception("background work failed: %s", task.to_event())
