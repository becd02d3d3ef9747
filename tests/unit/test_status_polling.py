"""Pollers of a status: conditional requests, requests that wait, and calls that they share."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import count, islice

import pytest

from chalicelib.api.conditional import ConditionalHeaders, Representation, parse_wait, respond
from chalicelib.api.endpoint import JsonResponse
from chalicelib.domain.errors import Unavailable
from chalicelib.usecases.run_status import HeldRequests
from chalicelib.usecases.shared_calls import SharedCalls
from tests.support.fakes import FakeClock

A, B = Representation(b'"a"', final=False), Representation(b'"b"', final=False)
DONE = Representation(b'"done"', final=True)


class Poll:
    """A request to a resource whose representation changes with each read."""

    def __init__(self, *representations: Representation) -> None:
        self.clock = FakeClock()
        self.reads = 0
        self._representations = representations

    def read(self) -> Representation:
        self.reads += 1
        return self._representations[min(self.reads, len(self._representations)) - 1]

    def respond(self, tag: str | None = None, prefer: str | None = None) -> JsonResponse:
        return respond(self.read, ConditionalHeaders(tag, prefer), HeldRequests(1, self.clock))

    @property
    def seconds(self) -> float:
        return (self.clock.now() - FakeClock().now()).total_seconds()


def content_of(response: JsonResponse) -> bytes:
    return bytes(response.body)


def test_a_response_has_an_etag_and_retry_after_while_a_job_runs() -> None:
    response = Poll(A).respond()
    assert (response.status, content_of(response)) == (200, A.content)
    assert response.headers == {
        "ETag": A.etag, "Retry-After": "2", "Cache-Control": "no-cache", "Vary": "Prefer",
    }  # fmt: skip
    assert "Retry-After" not in Poll(DONE).respond().headers
    assert A.etag != B.etag


@pytest.mark.parametrize(
    "tag", [A.etag, f"W/{A.etag}", f'"other", {A.etag}', f'"x",W/{A.etag} , ""', "*", " * "]
)
def test_a_matching_etag_is_304_without_a_body(tag: str) -> None:
    response = Poll(A).respond(tag)
    assert (response.status, response.body) == (304, None)
    assert response.headers == {
        "ETag": A.etag, "Retry-After": "2", "Cache-Control": "no-cache", "Vary": "Prefer",
    }  # fmt: skip


@pytest.mark.parametrize("tag", [B.etag, A.etag.strip('"'), "", ",", '"', f"'{A.etag[1:-1]}'"])
def test_another_or_a_malformed_etag_is_200(tag: str) -> None:
    assert Poll(A).respond(tag).status == 200


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None), ("", None), ("wait=5", 5), ("Wait = 7", 7), ('wait="8"', 8), ("wait=20", 20),
        ("wait=21", 20), ("wait=999999999", 20), ("wait=0", 0), ("respond-async, wait=5", 5),
        ("wait=5; a=b", 5), ('x="wait=3, y", wait=4', 4), ("wait=5, wait=6", 5), (" ,, wait=5", 5),
        ("wait", None), ("wait=", None), ("wait=-1", None), ("wait=1.5", None), ("wait=x", None),
        ("wait=5 6", None), ("waiting=5", None), ("wait=x, wait=5", None), ('"wait=5', None),
        ("wait=\u0665", None), ("wait=" + "9" * 100, None),
    ],
)  # fmt: skip
def test_only_a_valid_wait_preference_counts(prefer: str | None, seconds: int | None) -> None:
    assert parse_wait(prefer) == seconds


def test_a_request_waits_until_its_etag_is_outdated() -> None:
    poll = Poll(A, A, A, B)
    response = poll.respond(A.etag, "wait=20")
    assert (response.status, content_of(response), poll.seconds) == (200, B.content, 3)
    assert response.headers["Preference-Applied"] == "wait=20"


def test_a_request_whose_etag_is_outdated_does_not_wait() -> None:
    poll = Poll(B, A)
    assert content_of(poll.respond(A.etag, "wait=20")) == B.content
    assert (poll.seconds, poll.reads) == (0, 1)


def test_a_wait_without_a_change_ends_with_304() -> None:
    poll = Poll(DONE)
    response = poll.respond(DONE.etag, "wait=60")
    assert (response.status, poll.seconds) == (304, 20)
    assert response.headers["Preference-Applied"] == "wait=20"


def test_without_an_etag_a_request_waits_for_a_change_of_a_running_job() -> None:
    poll = Poll(A, A, B)
    assert (content_of(poll.respond(None, "wait=20")), poll.seconds) == (B.content, 2)
    poll = Poll(A)
    response = poll.respond(None, "wait=3")
    assert (response.status, content_of(response), poll.seconds) == (200, A.content, 3)
    poll = Poll(DONE)
    assert content_of(poll.respond(None, "wait=3")) == DONE.content
    assert poll.seconds == 0


def test_64_waiting_requests_leave_48_threads_to_others() -> None:
    class StoppedClock(FakeClock):
        def sleep(self, seconds: float) -> None:
            waiting.release()
            changed.wait()

    waiting, changed = threading.Semaphore(0), threading.Event()
    held = HeldRequests(16, StoppedClock())
    headers = ConditionalHeaders(A.etag, "wait=20")

    def poll(_: int) -> JsonResponse:
        return respond(lambda: B if changed.is_set() else A, headers, held)

    with ThreadPoolExecutor(64) as pool:
        requests = [pool.submit(poll, number) for number in range(64)]
        for _ in range(16):
            waiting.acquire()
        refused = [request.result() for request in islice(as_completed(requests), 48)]
        assert {response.status for response in refused} == {304}
        assert not [each for each in refused if "Preference-Applied" in each.headers]
        changed.set()
        statuses = sorted(request.result().status for request in requests)
    assert statuses == [200] * 16 + [304] * 48


def test_a_failed_read_ends_a_wait_and_frees_its_place() -> None:
    held = HeldRequests(1, FakeClock())

    def fail() -> bool:
        raise Unavailable("the run table does not respond")

    with pytest.raises(Unavailable):
        held.wait(5, fail)
    assert held.wait(1, lambda: True)


class SeenKey:
    """A key that records the threads that look it up."""

    def __init__(self) -> None:
        self._threads: set[int] = set()
        self._changed = threading.Condition()

    def __hash__(self) -> int:
        with self._changed:
            self._threads.add(threading.get_ident())
            self._changed.notify_all()
        return 1

    def await_callers(self, count: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._threads) >= count)


def test_callers_that_arrive_during_a_call_share_the_next_one() -> None:
    shared: SharedCalls[SeenKey, int] = SharedCalls()
    key, begun, go = SeenKey(), threading.Semaphore(0), threading.Event()
    numbers = count(1)

    def read() -> int:
        number = next(numbers)
        begun.release()
        go.wait()
        return number

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(shared.call, key, read)
        begun.acquire()
        later = [pool.submit(shared.call, key, read) for _ in range(8)]
        key.await_callers(9)
        go.set()
        assert first.result() == 1
        assert [each.result() for each in later] == [2] * 8
    assert shared.call(key, read) == 3


def test_the_error_of_a_call_reaches_all_who_share_it_and_no_others() -> None:
    shared: SharedCalls[str, int] = SharedCalls()

    def fail() -> int:
        raise Unavailable("the run table does not respond")

    with pytest.raises(Unavailable):
        shared.call("key", fail)
    assert shared.call("key", lambda: 5) == 5
