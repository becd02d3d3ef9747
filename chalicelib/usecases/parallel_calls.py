"""Concurrent calls to the stores, and calls that a response need not wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

_First = TypeVar("_First")
_Second = TypeVar("_Second")

_POOL = ThreadPoolExecutor(1_000, thread_name_prefix="call")
"""Threads start on demand and are reused. The limit exceeds the requests that a process handles: a
call that waits for another one must not occupy the last thread."""
_LATER: set[Future[object]] = set()


def run_parallel(
    first: Callable[[], _First], second: Callable[[], _Second]
) -> tuple[_First, _Second]:
    """Return the results of two calls that run concurrently, or raise the error of one."""
    pending = start(second)
    try:
        result = first()
    except BaseException:
        wait([pending])
        raise
    return result, pending.result()


def start(call: Callable[[], _First]) -> Future[_First]:
    """Start a call. The caller waits for its result."""
    return _POOL.submit(call)


def run_later(call: Callable[[], object]) -> None:
    """Run a call that nobody waits for. Its errors are ignored, and it may be lost.

    A Lambda function stops after its response and continues in its next invocation, or never.
    """

    def run() -> None:
        with suppress(Exception):
            call()

    future: Future[object] = _POOL.submit(run)
    _LATER.add(future)
    future.add_done_callback(_LATER.discard)


def wait_for_later_calls() -> None:
    """Return when all calls of `run_later` have ended."""
    wait(tuple(_LATER))
