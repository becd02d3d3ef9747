"""The builder of a service that is one process: a thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from chalicelib.domain.archive import BuildOrder

_LOG = logging.getLogger("dataops")


class ThreadBuilder:
    """`usecases.ports.Builder`: builds one archive at a time with `build`, and logs what fails."""

    def __init__(self, build: Callable[[BuildOrder], None]) -> None:
        self._build = build
        self._turn = threading.Lock()

    def start(self, order: BuildOrder) -> None:
        threading.Thread(target=self._run, args=(order,), name="builder", daemon=True).start()

    def _run(self, order: BuildOrder) -> None:
        with self._turn:
            try:
                self._build(order)
            except Exception:
                _LOG.exception("building %s failed", order.key)
