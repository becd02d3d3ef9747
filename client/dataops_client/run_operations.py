"""Methods of `DataOpsClient` that schedule, list and watch runs."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable, Iterable

from dataops_client.api import Api
from dataops_client.errors import (
    Cancelled,
    TimedOut,
    UnexpectedResponse,
)
from dataops_client.identifiers import Id, build_resource_path, normalize_ids
from dataops_client.models.fields import decode
from dataops_client.models.runs import Run, RunStatus, Scheduled, ScheduledRuns, parse_runs
from dataops_client.responses import Response
from dataops_client.retry import retry_after_seconds

POLL_SECONDS = 2.0
_HOLD_SECONDS = 20.0
"""API Gateway ends requests after 29 s."""
_MAX_PAGES = 1_000


class RunOperations:
    """Operations on compositions and runs."""

    _api: Api

    def generate(
        self, nc: str, *, count: int = 1, idempotency_key: str | None = None
    ) -> ScheduledRuns:
        """Schedule the next available run of a composition, or the next `count` runs: all or none.

        A repeated call with the same key, within 24 hours, returns the same runs: a retried task of
        a workflow does not schedule others.

        Args:
            nc: Nominal composition, such as `Zr49Cu49Al2`.
            count: Number of runs.
            idempotency_key: Printable ASCII characters without spaces; random by default.

        Returns:
            The first scheduled run, whose number is `id_run`, and all of them in `runs`.

        Raises:
            NothingAvailable: Fewer than `count` runs of the composition are not yet scheduled.
            NotFound: The composition has no data.
            InvalidRequest: The key is invalid, or was used for another request.

        Example:
            >>> client.generate("Zr49Cu49Al2").id_run
            '21'
            >>> [run.id_run for run in client.generate("Zr49Cu49Al2", count=2).runs]
            ['22', '23']
        """
        path = f"/v1/generate/{build_resource_path(nc)}"
        body = None if count == 1 else {"count": count}
        key = idempotency_key or uuid.uuid4().hex
        return ScheduledRuns.from_json(self._api.post(path, body, idempotency_key=key).json())

    def augment(
        self,
        nc: str,
        id_run: Id,
        sub_runs: Id | Iterable[Id] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Scheduled:
        """Schedule the deformed sub-runs of a run. Repeating the call changes nothing.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_runs: Numbers of sub-runs, 1 to 14; all by default.
            idempotency_key: Printable ASCII characters without spaces; random by default.

        Returns:
            The run.

        Raises:
            NotFound: The run is not scheduled.
            InvalidRequest: A sub-run is not between 1 and 14.

        Example:
            >>> client.augment("Zr49Cu49Al2", 21, [1, 3, 7]).status
            'SCHEDULED'
        """
        body = None if sub_runs is None else {"sub_runs": normalize_ids(sub_runs)}
        path = f"/v1/generate/{build_resource_path(nc, id_run)}/augment"
        key = idempotency_key or uuid.uuid4().hex
        return decode(Scheduled, self._api.post(path, body, idempotency_key=key).json())

    def status(self, nc: str, id_run: Id) -> RunStatus:
        """Return the status of a run and the outcomes of its sub-runs.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.

        Returns:
            The status, as reported by the executor, and the outcomes, derived from files.

        Raises:
            NotFound: The run is not scheduled.

        Example:
            >>> client.status("Zr49Cu49Al2", 21).sub_run_outcomes["13"].outcome
            'SCF_NOT_CONVERGED'
        """
        path = f"/v1/generate/{build_resource_path(nc, id_run)}/status"
        return RunStatus.from_json(self._api.get(path).json())

    def wait(
        self,
        nc: str,
        id_run: Id,
        timeout_seconds: float | None = None,
        poll_seconds: float = POLL_SECONDS,
        *,
        progress: Callable[[RunStatus], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> RunStatus:
        """Wait until a run and its sub-runs are done.

        The API holds each request until the status changes, for at most 20 s. It does not if
        `cancel` is given, because a held request cannot be cancelled. The status of an API that
        holds no requests is polled.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            timeout_seconds: Longest time to wait; unlimited by default.
            poll_seconds: Time between two requests to an API that sends no `Retry-After`.
            progress: Called with each status.
            cancel: Set by another thread to cancel the wait.

        Returns:
            The last status.

        Raises:
            TimedOut: The run is not done after `timeout_seconds`.
            Cancelled: `cancel` was set.
            NotFound: The run is not scheduled.

        Example:
            >>> client.wait("Zr49Cu49Al2", 21, timeout_seconds=600).state
            'DONE'
        """
        path = f"/v1/generate/{build_resource_path(nc, id_run)}/status"
        deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
        hold_seconds = 0.0 if cancel else min(_HOLD_SECONDS, self._api.timeout_seconds / 2)
        headers: dict[str, str] = {}
        while True:
            began = time.monotonic()
            held = int(min(hold_seconds, deadline - began))
            prefer = {"Prefer": f"wait={held}"} if held > 0 else {}  # RFC 7240, 4.3
            response = self._api.get(path, headers=headers | prefer)
            if response.status != 304:
                status = RunStatus.from_json(response.json())
                if progress:
                    progress(status)
                if status.done:
                    return status
                etag = response.headers.get("ETag")
                headers = {"If-None-Match": etag} if etag else {}
            delay = _get_delay(response, poll_seconds, time.monotonic() - began)
            if time.monotonic() + delay > deadline:
                raise TimedOut(
                    f"run '{id_run}' of {nc!r} is {status.state} after {timeout_seconds:g} s"
                )
            sleep_unless_cancelled(delay, cancel)

    def available(self, nc: str | None = None) -> dict[str, list[Run]]:
        """Return the scheduled runs by composition, from all pages.

        Args:
            nc: Nominal composition; all compositions by default.

        Returns:
            The runs in the order of their numbers.

        Raises:
            UnexpectedResponse: The pages do not end.

        Example:
            >>> client.available("Zr49Cu49Al2")
            {'Zr49Cu49Al2': [Run(21, sub-runs 0-14, scheduled 2026-01-01 00:00:00 UTC)]}
        """
        found: dict[str, list[Run]] = {}
        query: dict[str, str] | None = {"limit": "1000"} | ({"nc": nc} if nc else {})
        seen: list[dict[str, str]] = []
        while query is not None:
            if query in seen or len(seen) == _MAX_PAGES:
                raise UnexpectedResponse(
                    f"the list of runs has no end; {len(seen)} pages were read"
                )
            seen.append(query)
            response = self._api.get("/v1/generate/available", query)
            for name, runs in parse_runs(response.json()).items():
                found.setdefault(name, []).extend(runs)
            query = response.get_next_query()
        return found


def _get_delay(response: Response, poll_seconds: float, elapsed_seconds: float) -> float:
    """Return the time to wait before the next request. The time of a held request counts."""
    retry_after = response.headers.get("Retry-After")
    delay = retry_after_seconds(retry_after, poll_seconds) if retry_after else poll_seconds
    is_held = "wait=" in response.headers.get("Preference-Applied", "")
    return max(delay - elapsed_seconds, 0.0) if is_held else delay


def sleep_unless_cancelled(seconds: float, cancel: threading.Event | None) -> None:
    """Sleep. Raise Cancelled once `cancel` is set."""
    if (cancel or threading.Event()).wait(seconds):
        raise Cancelled("cancelled while waiting for the API")
