"""Callers that stop before each call of a port until a test lets them go on.

Interleavings without chance.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_local = threading.local()


class Caller(Generic[T]):
    """A function in a thread of its own, which runs only inside `advance` and `finish`."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.calls = 0
        self.ended = False
        self.error: BaseException | None = None
        self.result: T | None = None
        self._function = function
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def advance(self, calls: int = 1) -> None:
        """Make the next calls of ports, and stop before the one after them."""
        for _ in range(calls):
            if not self.ended:
                self._go.release()
                self._stopped.acquire()

    def finish(self) -> T | BaseException | None:
        """Run to the end. Return the result, or the exception."""
        while not self.ended:
            self.advance()
        self._thread.join()
        return self.error or self.result

    def stop(self) -> None:
        """Wait for the test, before a call."""
        self.calls += 1
        self._stopped.release()
        self._go.acquire()

    def _run(self) -> None:
        _local.caller = self
        try:
            self.result = self._function()
        except BaseException as error:
            self.error = error
        self.ended = True
        self._stopped.release()


def stop_here() -> None:
    """Let the caller whose thread this is wait for the test. Other threads pass."""
    if caller := getattr(_local, "caller", None):
        caller.stop()


class Stops:
    """A port whose methods let the caller that uses them stop first; other threads pass.

    `writes` counts the calls that write.
    """

    def __init__(self, port: Any, writing: tuple[str, ...]) -> None:
        self.writes = 0
        self._port = port
        self._writing = writing

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            stop_here()
            self.writes += name in self._writing
            return method(*arguments, **named)

        return call
