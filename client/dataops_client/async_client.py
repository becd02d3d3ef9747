"""AsyncDataOpsClient: the methods of DataOpsClient, for programs that await."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from dataops_client.client import DataOpsClient

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _awaited(
    method: Callable[Concatenate[DataOpsClient, _P], _R],
) -> Callable[Concatenate[AsyncDataOpsClient, _P], Coroutine[Any, Any, _R]]:
    """The method as a coroutine that runs it in a thread; cancelled, it sets `stop` where the method has one, and waits for its end."""
    stoppable = "stop" in inspect.signature(method).parameters

    async def call(self: AsyncDataOpsClient, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        stop = threading.Event()
        if stoppable and kwargs.get("stop") is None:
            kwargs["stop"] = stop
        running = asyncio.get_running_loop().run_in_executor(
            self.pool, functools.partial(method, self.client, *args, **kwargs)
        )
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            if stoppable:
                await asyncio.wait([running])
                running.exception()
            raise

    functools.update_wrapper(call, method)
    return call


class AsyncDataOpsClient:
    """DataOpsClient with `await` before its methods, `jobs` of which run at once. Its documentation holds here word for word.

    A cancelled download stops, and leaves what it has to the next try.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        timeout_seconds: float = 60,
        jobs: int = 8,
    ) -> None:
        self.client = DataOpsClient(url, token=token, timeout_seconds=timeout_seconds)
        self.pool = ThreadPoolExecutor(jobs, thread_name_prefix="dataops")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await asyncio.to_thread(self.pool.shutdown)
        self.client.close()

    generate = _awaited(DataOpsClient.generate)
    augment = _awaited(DataOpsClient.augment)
    status = _awaited(DataOpsClient.status)
    wait = _awaited(DataOpsClient.wait)
    available = _awaited(DataOpsClient.available)
    compositions = _awaited(DataOpsClient.compositions)
    manifest = _awaited(DataOpsClient.manifest)
    link = _awaited(DataOpsClient.link)
    download = _awaited(DataOpsClient.download)
    download_run = _awaited(DataOpsClient.download_run)
