"""Waiting for a run: requests that the API holds, conditional requests, and polling."""

from __future__ import annotations

import json
import threading

import pytest
from dataops_client import Cancelled, DataOpsClient, TimedOut, UnexpectedResponse
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

STATUS = {
    "nc": "Al2", "id_run": "1", "sub_runs": ["0"],
    "run_scheduled_at": "2026-01-01T00:00:00+00:00", "sub_runs_scheduled_at": None,
    "sub_runs_status": None,
}  # fmt: skip
HELD = {"Preference-Applied": "wait=20", "Retry-After": "0", "ETag": '"running"'}
UNCHANGED = None
NEVER = 1e9


class StatusApi:
    """API that sends these statuses and headers in turn, and records the headers of requests."""

    def __init__(self, server: HTTPServer, *responses: tuple[str | None, dict[str, str]]) -> None:
        self._responses = iter(responses)
        self.prefer: list[str | None] = []
        self.if_none_match: list[str | None] = []
        server.expect_request("/v1/generate/Al2/1/status").respond_with_handler(self._respond)
        self.url = server.url_for("").rstrip("/")

    def _respond(self, request: Request) -> Response:
        self.prefer.append(request.headers.get("Prefer"))
        self.if_none_match.append(request.headers.get("If-None-Match"))
        status, headers = next(self._responses)
        if status is UNCHANGED:
            return Response(status=304, headers=headers)
        body = json.dumps(STATUS | {"run_status": status})
        return Response(body, headers=headers, mimetype="application/json")


class RecordedWaits(threading.Event):
    """Event that records the times of its waits, and is set at the wait of a number."""

    def __init__(self, cancelled_at: int = 0) -> None:
        super().__init__()
        self.waits: list[float | None] = []
        self._cancelled_at = cancelled_at

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return len(self.waits) == self._cancelled_at


def test_the_api_holds_requests_until_the_status_changes(
    httpserver: HTTPServer,
) -> None:
    done = ("DONE", {"ETag": '"done"'})
    api = StatusApi(httpserver, ("SCHEDULED", HELD), (UNCHANGED, HELD), done)
    with DataOpsClient(api.url) as client:
        assert client.wait("Al2", "1", poll_seconds=NEVER).run_status == "DONE"
    assert api.prefer == ["wait=20"] * 3
    assert api.if_none_match == [None, '"running"', '"running"']


def test_the_etag_of_the_last_status_is_sent(httpserver: HTTPServer) -> None:
    changed = HELD | {"ETag": 'W/"changed"'}
    api = StatusApi(httpserver, ("SCHEDULED", HELD), ("RUNNING", changed), ("DONE", {}))
    with DataOpsClient(api.url) as client:
        client.wait("Al2", "1", poll_seconds=NEVER)
    assert api.if_none_match == [None, '"running"', 'W/"changed"']


def test_an_api_that_knows_neither_etags_nor_preferences_is_polled(httpserver: HTTPServer) -> None:
    api = StatusApi(httpserver, ("SCHEDULED", {}), ("RUNNING", {}), ("DONE", {}))
    cancel = RecordedWaits()
    with DataOpsClient(api.url) as client:
        assert client.wait("Al2", "1", poll_seconds=0.05, cancel=cancel).run_status == "DONE"
    assert cancel.waits == [0.05, 0.05]
    assert api.if_none_match == [None] * 3


def test_requests_that_are_not_held_wait_as_long_as_retry_after(httpserver: HTTPServer) -> None:
    running = ("RUNNING", {"Retry-After": "7", "ETag": '"running"'})
    unchanged = (UNCHANGED, {"Retry-After": "600"})
    api = StatusApi(httpserver, running, unchanged, unchanged, ("DONE", {}))
    cancel = RecordedWaits()
    with DataOpsClient(api.url) as client:
        client.wait("Al2", "1", cancel=cancel)
    assert cancel.waits == [7, 60, 60]
    assert api.if_none_match == [None] + ['"running"'] * 3


def test_requests_are_not_held_if_the_wait_can_be_cancelled(httpserver: HTTPServer) -> None:
    api = StatusApi(httpserver, ("RUNNING", {}), ("RUNNING", {}))
    with DataOpsClient(api.url) as client, pytest.raises(Cancelled):
        client.wait("Al2", "1", cancel=RecordedWaits(cancelled_at=2))
    assert api.prefer == [None, None]


@pytest.mark.parametrize(
    ("timeout_seconds", "limit_seconds", "preferred"),
    [(60, None, "wait=20"), (60, 9.5, "wait=9"), (60, 0.5, None), (10, None, "wait=5")],
    ids=["default", "time limit", "short limit", "read timeout"],
)
def test_requests_are_held_for_less_than_the_timeouts(
    httpserver: HTTPServer,
    timeout_seconds: float,
    limit_seconds: float | None,
    preferred: str | None,
) -> None:
    api = StatusApi(httpserver, ("DONE", {}))
    with DataOpsClient(api.url, timeout_seconds=timeout_seconds) as client:
        client.wait("Al2", "1", limit_seconds)
    assert api.prefer == [preferred]


def test_a_run_that_is_not_done_in_time_raises_timed_out(httpserver: HTTPServer) -> None:
    api = StatusApi(httpserver, ("RUNNING", {"Retry-After": "30"}))
    with (
        DataOpsClient(api.url) as client,
        pytest.raises(TimedOut, match="run '1' of 'Al2' is RUNNING after 20 s"),
    ):
        client.wait("Al2", "1", 20)


def test_a_304_that_was_not_requested_is_an_error(httpserver: HTTPServer) -> None:
    api = StatusApi(httpserver, (UNCHANGED, {}))
    with DataOpsClient(api.url) as client, pytest.raises(UnexpectedResponse, match="HTTP 304"):
        client.wait("Al2", "1")
