"""Reads of objects over connections that break in every possible way."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.adapters.aws.clients import Timeouts
from chalicelib.adapters.aws.errors import ObjectChanged, ObjectStoreError, ObjectVanished
from chalicelib.adapters.aws.object_store import ObjectStore
from localdev.aws_environment import EMULATOR_CREDENTIALS
from tests.support.http_server import RawHandler, serve_raw
from tests.support.stores import connect

CONTENT = random.Random(5).randbytes(3_000_000)
ETAG = '"etag"'


@dataclass(frozen=True)
class Behavior:
    """Behavior of the store for one request: send `stop_after` bytes of the range, and close."""

    stop_after: int | None = None
    status: int | None = None
    code: str = ""
    shift: int = 0
    ignore_range: bool = False
    content: bytes = CONTENT


class BreakingStore:
    """One object under every key. Each request uses up one of `behaviors`; later ones succeed."""

    def __init__(self, *behaviors: Behavior) -> None:
        self.behaviors = list(behaviors)
        self.requests: list[dict[str, str]] = []
        self.connections = 0

    def next_behavior(self, headers: Any) -> Behavior:
        self.requests.append({name.lower(): value for name, value in headers.items()})
        return self.behaviors.pop(0) if self.behaviors else Behavior()


def handler_of(store: BreakingStore) -> type[RawHandler]:
    class Handler(RawHandler):
        def setup(self) -> None:
            store.connections += 1
            super().setup()

        def do_GET(self) -> None:
            behavior = store.next_behavior(self.headers)
            if behavior.status:
                body = f"<Error><Code>{behavior.code}</Code><Message>no</Message></Error>".encode()
                self.send_response(behavior.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            content = behavior.content
            range_header = re.fullmatch(r"bytes=(\d+)-\d*", self.headers.get("Range", ""))
            if range_header and not behavior.ignore_range:
                start = int(range_header[1]) + behavior.shift
                self.send_response(206)
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            else:
                start = 0
                self.send_response(200)
            body = content[start:]
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", ETAG)
            self.end_headers()
            self.wfile.write(body[: behavior.stop_after])
            if behavior.stop_after is not None:
                self.close_connection = True

    return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[BreakingStore], ObjectStore]]:
    stack = ExitStack()

    def start(store: BreakingStore) -> ObjectStore:
        url = stack.enter_context(serve_raw(handler_of(store)))
        environment = {**EMULATOR_CREDENTIALS, "AWS_ENDPOINT_URL_S3": url}
        return connect(environment, "bucket", Timeouts(longest_pause_seconds=0.001)).objects

    with stack:
        yield start


Serve = Callable[[BreakingStore], ObjectStore]


def read(objects: ObjectStore, size_bytes: int = len(CONTENT)) -> bytes:
    return b"".join(objects.read("key", etag=ETAG, size_bytes=size_bytes))


def test_an_unbroken_read_is_one_request_for_the_listed_version(serve: Serve) -> None:
    store = BreakingStore()
    assert read(serve(store)) == CONTENT
    assert [(request["if-match"], request.get("range")) for request in store.requests] == [
        (ETAG, None)
    ]


def test_an_empty_object_is_read(serve: Serve) -> None:
    assert read(serve(BreakingStore(Behavior(content=b""))), 0) == b""


def test_a_read_to_the_end_leaves_its_connection_for_later_ones(serve: Serve) -> None:
    store = BreakingStore()
    objects = serve(store)
    for _ in range(10):
        read(objects)
    assert store.connections < 10, "the next read may begin before the connection is free"


@pytest.mark.parametrize("stop_after", [0, 1, 999_999, len(CONTENT) - 1])
def test_a_broken_read_resumes_at_its_position(serve: Serve, stop_after: int) -> None:
    store = BreakingStore(Behavior(stop_after))
    assert read(serve(store)) == CONTENT
    assert all(request["if-match"] == ETAG for request in store.requests)
    position = int(store.requests[1].get("range", "bytes=0-")[6:].partition("-")[0])
    assert stop_after - 2**18 <= position <= stop_after


def test_a_read_that_breaks_again_and_again_but_moves_on_is_finished(serve: Serve) -> None:
    store = BreakingStore(*[Behavior(300_000)] * 9)
    assert read(serve(store)) == CONTENT
    assert len(store.requests) == 10


def test_a_read_that_does_not_move_on_is_given_up(serve: Serve) -> None:
    store = BreakingStore(*[Behavior(0)] * 50)
    with pytest.raises(ObjectStoreError):
        read(serve(store))
    assert len(store.requests) == 9, "three reads, each of which obstore resumes twice"


def test_a_continuation_that_is_another_place_is_never_spliced_in(serve: Serve) -> None:
    store = BreakingStore(Behavior(1_000_000), *[Behavior(shift=1)] * 50)
    with pytest.raises(ObjectStoreError):
        read(serve(store))


def test_a_continuation_from_the_start_is_never_spliced_in(serve: Serve) -> None:
    store = BreakingStore(Behavior(1_000_000), *[Behavior(ignore_range=True)] * 50)
    with pytest.raises(ObjectStoreError):
        read(serve(store))


@pytest.mark.parametrize("before", [(), (Behavior(1_000_000),)])
def test_another_version_is_object_changed(serve: Serve, before: tuple[Behavior, ...]) -> None:
    with pytest.raises(ObjectChanged, match="key"):
        read(serve(BreakingStore(*before, *[Behavior(status=412, code="PreconditionFailed")] * 9)))


@pytest.mark.parametrize("before", [(), (Behavior(1_000_000),)])
def test_no_version_is_object_vanished(serve: Serve, before: tuple[Behavior, ...]) -> None:
    with pytest.raises(ObjectVanished, match="key"):
        read(serve(BreakingStore(*before, *[Behavior(status=404, code="NoSuchKey")] * 9)))


def test_another_size_than_listed_is_object_changed(serve: Serve) -> None:
    with pytest.raises(ObjectChanged, match="2999999 bytes, not 3000000"):
        read(serve(BreakingStore(Behavior(content=CONTENT[1:]))))


def test_other_refusals_have_the_code_of_the_store(serve: Serve) -> None:
    with pytest.raises(ObjectStoreError, match="AccessDenied") as refusal:
        read(serve(BreakingStore(Behavior(status=403, code="AccessDenied"))))
    assert refusal.value.code == "AccessDenied"


def test_a_read_that_is_given_up_closes_its_connection(serve: Serve) -> None:
    store = BreakingStore()
    objects = serve(store)
    chunks = objects.read("key", etag=ETAG, size_bytes=len(CONTENT))
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert read(objects) == CONTENT
    assert store.connections == 2
