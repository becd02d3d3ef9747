"""The benchmark's proxy before a store, and its load generator, against a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from bench.load_generator import run_load
from bench.store_proxy import read_calls
from localdev.aws_environment import environment_without_aws
from localdev.child_process import start_child_process
from tests.support.http_server import RawHandler, serve_raw


class _Store(RawHandler):
    """Returns the Host header and the body of a request; GETs of /chunked in chunks."""

    def do_GET(self) -> None:
        if self.path != "/chunked":
            self._send(self.headers["Host"].encode())
            return
        self.send_response_only(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    def do_PUT(self) -> None:
        self._send(self.rfile.read(int(self.headers["Content-Length"])))

    def do_HEAD(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()

    def _send(self, content: bytes) -> None:
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def store() -> Iterator[str]:
    with serve_raw(_Store) as url:
        yield url


@pytest.fixture
def proxy(store: str) -> Iterator[str]:
    with start_child_process(
        "bench.store_proxy", store, environment=environment_without_aws()
    ) as url:
        yield url


@pytest.fixture
def connection(proxy: str) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(str(urlsplit(proxy).netloc), timeout=30)
    yield connection
    connection.close()


def exchange(connection: HTTPConnection, method: str, path: str, body: bytes = b"") -> bytes:
    connection.request(method, path, body or None, {"Host": "signed.example"})
    return connection.getresponse().read()


def test_the_proxy_forwards_messages_unchanged_and_counts_them(
    proxy: str, connection: HTTPConnection
) -> None:
    content = bytes(range(256)) * 4_000
    assert exchange(connection, "GET", "/b/key") == b"signed.example"
    assert exchange(connection, "PUT", "/b/key", content) == content
    assert exchange(connection, "HEAD", "/b/key") == b""
    assert exchange(connection, "GET", "/chunked") == b"abcde"
    assert read_calls(proxy) == {"GetObject": 2, "PutObject": 1, "HeadObject": 1}
    assert not read_calls(proxy)


def test_the_proxy_accepts_a_body_that_waits_for_permission(connection: HTTPConnection) -> None:
    connection.putrequest("PUT", "/b/key")
    connection.putheader("Expect", "100-continue")
    connection.putheader("Content-Length", "3")
    connection.endheaders(b"abc")
    assert connection.getresponse().read() == b"abc"


def test_the_load_generator_stops_after_the_given_number_of_requests(store: str) -> None:
    load = run_load("GET", f"{store}/b/key", callers=2, seconds=60, max_requests=50)
    assert load.errors == 0
    assert load.requests_per_second > 0
    assert load.p99_seconds > 0


def test_the_load_generator_counts_rejected_requests(store: str) -> None:
    load = run_load("GET", f"{store}/b/key", callers=1, seconds=60, max_requests=5)
    rejected = run_load("POST", f"{store}/b/key", callers=1, seconds=60, max_requests=1)
    assert (load.errors, rejected.errors) == (0, 1)
