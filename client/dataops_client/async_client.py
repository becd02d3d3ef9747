"""Asynchronous client of the DataOps API."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from dataops_client.client import DataOpsClient
from dataops_client.transfer.config import DEFAULT_CONFIG, TransferConfig

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _make_async(
    method: Callable[Concatenate[DataOpsClient, _P], _R],
) -> Callable[Concatenate[AsyncDataOpsClient, _P], Coroutine[Any, Any, _R]]:
    """Return a coroutine function that runs the method in a thread.

    If the coroutine is cancelled, it sets the `cancel` event of the method, if it has one, and
    waits until the method has ended.
    """
    cancellable = "cancel" in inspect.signature(method).parameters

    async def call(self: AsyncDataOpsClient, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        cancel = threading.Event()
        if cancellable and kwargs.get("cancel") is None:
            kwargs["cancel"] = cancel
        running = asyncio.get_running_loop().run_in_executor(
            self.pool, functools.partial(method, self.client, *args, **kwargs)
        )
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            cancel.set()
            if cancellable:
                await asyncio.wait([running])
                running.exception()
            raise

    functools.update_wrapper(call, method)
    return call


class AsyncDataOpsClient:
    """`DataOpsClient` with methods to await, of which `jobs` run at the same time.

    A cancelled download stops and leaves its data to the next attempt.

    Args:
        url: URL of the API; by default DATAOPS_URL, that of the profile, or http://localhost:8000.
        token: Bearer token; by default DATAOPS_TOKEN, or the one of `dataops login` for this URL.
        config_profile: Profile of the configuration file or of `dataops login`.
        timeout_seconds: Time without data after which a connection is closed.
        transfer_config: Settings of downloads.
        jobs: Largest number of methods that run at the same time.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        config_profile: str | None = None,
        timeout_seconds: float = 60,
        transfer_config: TransferConfig = DEFAULT_CONFIG,
        jobs: int = 8,
    ) -> None:
        self.client = DataOpsClient(
            url,
            token=token,
            config_profile=config_profile,
            timeout_seconds=timeout_seconds,
            transfer_config=transfer_config,
        )
        self.pool = ThreadPoolExecutor(jobs, thread_name_prefix="dataops")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Async{self.client!r}"

    async def close(self) -> None:
        """Wait for running methods, then close all connections."""
        await asyncio.to_thread(self.pool.shutdown)
        self.client.close()

    generate = _make_async(DataOpsClient.generate)
    augment = _make_async(DataOpsClient.augment)
    status = _make_async(DataOpsClient.status)
    find = _make_async(DataOpsClient.find)
    wait = _make_async(DataOpsClient.wait)
    available = _make_async(DataOpsClient.available)
    compositions = _make_async(DataOpsClient.compositions)
    summary = _make_async(DataOpsClient.summary)
    dataset_info = _make_async(DataOpsClient.dataset_info)
    whoami = _make_async(DataOpsClient.whoami)
    api_version = _make_async(DataOpsClient.api_version)
    manifest = _make_async(DataOpsClient.manifest)
    files = _make_async(DataOpsClient.files)
    file = _make_async(DataOpsClient.file)
    bonds = _make_async(DataOpsClient.bonds)
    link = _make_async(DataOpsClient.link)
    download = _make_async(DataOpsClient.download)
    download_run = _make_async(DataOpsClient.download_run)
    create_dataset = _make_async(DataOpsClient.create_dataset)
    datasets = _make_async(DataOpsClient.datasets)
    dataset_versions = _make_async(DataOpsClient.dataset_versions)
    dataset = _make_async(DataOpsClient.dataset)
    dataset_document = _make_async(DataOpsClient.dataset_document)
    cite_dataset = _make_async(DataOpsClient.cite_dataset)
    diff_datasets = _make_async(DataOpsClient.diff_datasets)
    pull_dataset = _make_async(DataOpsClient.pull_dataset)
    bag_dataset = _make_async(DataOpsClient.bag_dataset)
    add_advisory = _make_async(DataOpsClient.add_advisory)
    set_dataset_doi = _make_async(DataOpsClient.set_dataset_doi)
    delete_dataset = _make_async(DataOpsClient.delete_dataset)
