"""DataOpsClient: what the API offers, as methods."""

from __future__ import annotations

import os
import platform
import re
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from dataops_client import archive
from dataops_client.api import Api, InsecureConnection, validate_token
from dataops_client.connections import is_loopback
from dataops_client.errors import (
    Cancelled,
    ChecksumMismatch,
    DataOpsError,
    InvalidRequest,
    TimedOut,
    TransferFailed,
    UnexpectedResponse,
)
from dataops_client.models import (
    ArchiveLink,
    Manifest,
    Run,
    RunStatus,
    Scheduled,
    parse_compositions,
    parse_runs,
)
from dataops_client.retry import retry_after_seconds
from dataops_client.transfer import engine
from dataops_client.transfer.object_store import ObjectStoreClient
from dataops_client.verify import list_changed_files

DEFAULT_URL = "http://localhost:8000"
_POLL_SECONDS = 2.0
_MAX_PAGES = 1_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Download:
    """A sub-run, or a whole run, on the disk: `path` holds its files. `downloaded` is False if they were there already.

    `replaced` are the files that somebody had changed since an earlier download, and that are as in the archive again.
    """

    path: Path
    link: ArchiveLink
    downloaded: bool
    seconds: float
    replaced: tuple[str, ...] = ()


class DataOpsClient:
    """A DataOps API. `url` is by default DATAOPS_URL, `token` DATAOPS_TOKEN. Close it, or use it as a context.

    Every method raises errors of `dataops_client.errors` and no others, but for what the operating system refuses (OSError).
    """

    def __init__(
        self, url: str | None = None, *, token: str | None = None, timeout_seconds: float = 60
    ) -> None:
        from dataops_client import __version__  # noqa: PLC0415 - the package imports this module

        user_agent = f"dataops-client/{__version__} Python/{platform.python_version()}"
        url = url or os.environ.get("DATAOPS_URL") or DEFAULT_URL
        token = validate_token(token, "token") or validate_token(
            os.environ.get("DATAOPS_TOKEN"), "DATAOPS_TOKEN"
        )
        self._api = Api(url, token, user_agent, timeout_seconds)
        self._storage = ObjectStoreClient(user_agent, timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._api.close()
        self._storage.close()

    def generate(self, nc: str) -> Scheduled:
        """Schedule the next available run of a composition. NothingAvailable when all are scheduled, NotFound without data."""
        return Scheduled.from_wire(
            self._api.post(f"/v1/generate/{_segment(nc)}", idempotency_key=uuid.uuid4().hex).json()
        )

    def augment(self, nc: str, id_run: str, sub_runs: Sequence[str] | None = None) -> Scheduled:
        """Schedule the deformed sub-runs of a run: all of 1-14, or those named."""
        body = None if sub_runs is None else {"sub_runs": list(sub_runs)}
        path = f"/v1/generate/{_segment(nc)}/{_segment(id_run)}/augment"
        return Scheduled.from_wire(
            self._api.post(path, body, idempotency_key=uuid.uuid4().hex).json()
        )

    def status(self, nc: str, id_run: str) -> RunStatus:
        """How a run stands."""
        return RunStatus.from_wire(
            self._api.get(f"/v1/generate/{_segment(nc)}/{_segment(id_run)}/status").json()
        )

    def wait(
        self,
        nc: str,
        id_run: str,
        timeout_seconds: float | None = None,
        poll_seconds: float = _POLL_SECONDS,
        *,
        stop: threading.Event | None = None,
    ) -> RunStatus:
        """Ask until the run and its sub-runs are done; TimedOut if that takes longer than `timeout_seconds`, Stopped if `stop` is set."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not (status := self.status(nc, id_run)).done:
            if deadline is not None and time.monotonic() + poll_seconds > deadline:
                raise TimedOut(
                    f"run {id_run!r} of {nc!r} is not done after {timeout_seconds:g} s: {status.run_status}"
                )
            _pause(poll_seconds, stop)
        return status

    def available(self, nc: str | None = None) -> dict[str, list[Run]]:
        """Every scheduled run by composition, or those of one; page by page where the API gives pages."""
        found: dict[str, list[Run]] = {}
        query: dict[str, str] | None = {"limit": "1000"} | ({"nc": nc} if nc else {})
        seen: list[dict[str, str]] = []
        while query is not None:
            if query in seen or len(seen) == _MAX_PAGES:
                raise UnexpectedResponse(
                    f"the list of runs has no end: {len(seen)} pages were read"
                )
            seen.append(query)
            response = self._api.get("/v1/generate/available", query)
            for name, runs in parse_runs(response.json()).items():
                found.setdefault(name, []).extend(runs)
            query = response.next_query()
        return found

    def compositions(self) -> list[str]:
        """The nominal compositions that there is data of, by name."""
        return parse_compositions(self._api.get("/v1/compositions").json())

    def manifest(
        self, nc: str, id_run: str, sub_run: str | None = None, *, profile: str = "full"
    ) -> Manifest:
        """What the archive of a sub-run, or of the whole run, would hold; nothing is built."""
        return Manifest.from_wire(
            self._api.get(
                f"/v1/generate/{_address(nc, id_run, sub_run)}/manifest", {"profile": profile}
            ).json()
        )

    def link(
        self,
        nc: str,
        id_run: str,
        sub_run: str | None = None,
        *,
        profile: str = "full",
        verify: bool = False,
        timeout_seconds: float = 900,
        stop: threading.Event | None = None,
    ) -> ArchiveLink:
        """Where the archive of a sub-run, or of the whole run, is.

        Asks again while it is being built; TimedOut when that takes too long, Stopped when `stop` is set. `profile` is `full`, or
        `essential` for the six files that training needs. With `verify` the API reads a stored archive again, and builds another one
        (`cached` is False then) if it is damaged.
        """
        place = _address(nc, id_run, sub_run)
        query = {"profile": profile} | ({"verify": "true"} if verify else {})
        deadline = time.monotonic() + timeout_seconds
        while (response := self._api.get(f"/v1/generate/{place}/download", query)).status == 202:
            wait = retry_after_seconds(response.headers.get("Retry-After"), _POLL_SECONDS)
            if time.monotonic() + wait > deadline:
                raise TimedOut(f"the archive of {place} was not built within {timeout_seconds:g} s")
            _pause(wait, stop)
        link = ArchiveLink.from_wire(response.json(), response.date())
        if (
            self._api.url.startswith("https:")
            and link.download_url.startswith("http:")
            and not is_loopback(link.download_url)
        ):
            warnings.warn(
                f"{self._api.url} gives links without encryption: others can read the files",
                InsecureConnection,
                stacklevel=2,
            )
        return link

    def download(
        self,
        nc: str,
        id_run: str,
        sub_run: str,
        directory: str | os.PathLike[str],
        *,
        profile: str = "full",
        force: bool = False,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> Download:
        """Download a sub-run into `directory/<nc>/<id_run>/<sub_run>/`: verified, and there as a whole or not at all.

        What is there already, and is what the API announces, is not fetched again unless `force`; what an interrupted try left there is
        continued. `progress` is called with the bytes that have arrived since, and with how many there will be; first with those that an
        earlier try left, maybe 0. Stopped when `stop` is set, by another thread.
        """
        return self._download(nc, id_run, sub_run, directory, profile, force, progress, stop)

    def download_run(
        self,
        nc: str,
        id_run: str,
        directory: str | os.PathLike[str],
        *,
        profile: str = "full",
        force: bool = False,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> Download:
        """The same for a whole run, as one archive, into `directory/<nc>/<id_run>/`: a folder per sub-run that has files."""
        return self._download(nc, id_run, None, directory, profile, force, progress, stop)

    def local_path(
        self, nc: str, id_run: str, sub_run: str | None, directory: str | os.PathLike[str]
    ) -> Path:
        """Where a download puts the files of a sub-run, or of a whole run."""
        return Path(directory, *_address(nc, id_run, sub_run).split("/"))

    def _download(  # noqa: PLR0917
        self,
        nc: str,
        id_run: str,
        sub_run: str | None,
        directory: str | os.PathLike[str],
        profile: str,
        force: bool,
        progress: Progress | None,
        stop: threading.Event | None,
    ) -> Download:
        began = time.monotonic()
        target = self.local_path(nc, id_run, sub_run, directory)
        ask = partial(self.link, nc, id_run, sub_run, profile=profile, stop=stop)
        link = ask()
        if not force and archive.matches_folder(target, link.files):
            return Download(target, link, False, time.monotonic() - began)

        def report(count: int) -> None:
            if progress:
                progress(count, link.size_bytes)

        try:
            fetched = engine.fetch(self._storage, link, ask, target.parent, report, stop)
        except (ChecksumMismatch, TransferFailed) as error:
            link = self._rebuilt(ask, error)
            fetched = engine.fetch(self._storage, link, ask, target.parent, report, stop)
        try:
            replaced = list_changed_files(target)
            archive.extract(fetched, link.files, target)
        finally:
            fetched.unlink(missing_ok=True)
        return Download(target, link, True, time.monotonic() - began, replaced)

    @staticmethod
    def _rebuilt(ask: Callable[..., ArchiveLink], error: DataOpsError) -> ArchiveLink:
        """Return the link to an archive that the API built because the stored one is damaged. Raise `error` if it is not."""
        try:
            link = ask(verify=True)
        except DataOpsError as other:
            raise error from other
        if link.cached:
            raise error
        return link


def _address(nc: str, id_run: str, sub_run: str | None) -> str:
    return "/".join(_segment(part) for part in (nc, id_run, sub_run) if part is not None)


def _segment(value: str) -> str:
    """A value as one segment of a path: letters and digits, which is all that the contract knows."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", value):
        raise InvalidRequest(
            f"{value!r} is not the name of a composition, run or sub-run: letters and digits only"
        )
    return value


def _pause(seconds: float, stop: threading.Event | None) -> None:
    """Wait, unless somebody sets `stop`: Stopped then."""
    if (stop or threading.Event()).wait(seconds):
        raise Cancelled("stopped while waiting for the API")
