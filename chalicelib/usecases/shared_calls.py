"""Calls that concurrent callers share: many pollers of one run cost little more than one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Result = TypeVar("_Result")

_WAIT_SECONDS = 2.0
"""A call that takes longer, because a store does not respond, does not delay the next one more."""


class SharedCalls(Generic[_Key, _Result]):
    """Makes one call per key at a time.

    A caller that arrives during a call waits for the next one, which all callers that arrived in
    the meantime share. Every call begins after its callers arrived, so no result is older than a
    request.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[_Key, Future[_Result]] = {}
        self._next: dict[_Key, Future[_Result]] = {}

    def call(self, key: _Key, function: Callable[[], _Result]) -> _Result:
        """Return the result of `function`, or raise its exception, perhaps of another caller."""
        with self._lock:
            shared = self._next.get(key)
            if shared is None:
                mine: Future[_Result] = Future()
                running = self._running.get(key)
                (self._running if running is None else self._next)[key] = mine
        if shared is not None:
            return shared.result()
        if running is not None:
            wait([running], _WAIT_SECONDS)
            with self._lock:
                del self._next[key]
                self._running[key] = mine
        try:
            mine.set_result(function())
        except BaseException as error:
            mine.set_exception(error)
        finally:
            with self._lock:
                if self._running.get(key) is mine:
                    del self._running[key]
        return mine.result()
