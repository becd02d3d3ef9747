"""The builder of a service without a builder function: a queue and a few threads in this process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from chalicelib.domain.archive import BuildOrder
from chalicelib.usecases.build_slots import BuildSlots

_LOG = logging.getLogger("dataops")


class BuildQueue:
    """`usecases.ports.Builder`: builds with `build` in at most as many threads as there are `slots`, and logs what fails.

    An order that waits already is not queued again: only its lease holder is replaced by the new one.
    """

    def __init__(self, build: Callable[[BuildOrder, str], None], slots: BuildSlots) -> None:
        self._build = build
        self._slots = slots
        self._lock = threading.Lock()
        self._holders: dict[BuildOrder, str] = {}
        self._orders: SimpleQueue[BuildOrder] = SimpleQueue()
        self._workers = 0

    def start(self, order: BuildOrder, holder: str) -> None:
        with self._lock:
            if order not in self._holders:
                self._orders.put(order)
                if self._workers < self._slots.count:
                    self._workers += 1
                    threading.Thread(target=self._work, name="builder", daemon=True).start()
            self._holders[order] = holder

    def _work(self) -> None:
        while True:
            order = self._orders.get()
            with self._slots.in_background():
                with self._lock:
                    holder = self._holders.pop(order)
                try:
                    self._build(order, holder)
                except Exception:
                    _LOG.exception("building %s failed", order.key)
