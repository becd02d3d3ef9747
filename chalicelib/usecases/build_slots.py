"""Limits the number of concurrent builds of a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class BuildSlots:
    """At most `count` concurrent builds.

    A build uses about 45 MB of memory and two cores, independent of the size of its files.

    A request waits for a slot for at most `wait_seconds`: about the duration of a small build, and
    much less than a request may last.
    """

    def __init__(self, count: int, wait_seconds: float = 3) -> None:
        self.count = count
        self._wait_seconds = wait_seconds
        self._semaphore = threading.BoundedSemaphore(count)

    @contextmanager
    def within_request(self) -> Iterator[bool]:
        """Hold a slot if one becomes free within `wait_seconds`. The value is True if it did."""
        acquired = self._semaphore.acquire(timeout=self._wait_seconds)
        try:
            yield acquired
        finally:
            if acquired:
                self._semaphore.release()

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Wait for a slot and hold it."""
        with self._semaphore:
            yield
