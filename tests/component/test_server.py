"""The self-hosted server under slow, large, malformed and many requests, and at its end."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from localdev.paths import ROOT
from tests.support.server import Server, needs_proc, server

NOBODY_WAITS_LONGER = 60
HALF_A_HEAD = b"GET /docs HTTP/1.1\r\nHos"
HALF_A_BODY = b"POST /v1/generate/Al2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"


def get(server: Server, path: str = "/docs", headers: dict[str, str] | None = None) -> int:
    """Return the status of a regular request; /docs requires no stores."""
    return call(server, "GET", path, headers=headers)[0]


def call(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(*server.address, timeout=NOBODY_WAITS_LONGER)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if "json" in response.headers[
            "Content-Type"
        ] else content
    finally:
        connection.close()


def connect(server: Server) -> socket.socket:
    return socket.create_connection(server.address, NOBODY_WAITS_LONGER)


def until_closed(connection: socket.socket) -> bytes:
    """Return what the server sends before it closes the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


@pytest.fixture(scope="module")
def without_stores() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture
def many_files() -> None:
    """Raise the limit of file descriptors for a thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        resource.setrlimit(
            resource.RLIMIT_NOFILE,
            (min(4096, hard) if hard != resource.RLIM_INFINITY else 4096, hard),
        )


@pytest.mark.parametrize(
    ("count", "sent", "response"),
    [
        pytest.param(1000, HALF_A_HEAD, b"", id="half a head"),
        pytest.param(1000, HALF_A_BODY, b"HTTP/1.1 408 ", id="half a body"),
        pytest.param(1000, b"", b"", id="nothing"),
        pytest.param(
            50,
            b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
            b"HTTP/1.1 404 ",
            id="no second request",
        ),
    ],
)
def test_slow_connections_delay_no_other_request_and_are_closed(
    many_files: None, count: int, sent: bytes, response: bytes
) -> None:
    with ExitStack() as stack:
        running = stack.enter_context(server())
        slow = [stack.enter_context(connect(running)) for _ in range(count)]
        for connection in slow:
            connection.sendall(sent)
        assert [get(running) for _ in range(20)] == [200] * 20
        for connection in slow:
            assert until_closed(connection).startswith(response)


@pytest.mark.heavy
@needs_proc
def test_callers_beyond_the_file_descriptors_wait_and_nothing_spins(many_files: None) -> None:
    with ExitStack() as stack:
        running = stack.enter_context(server(shell="ulimit -n 256"))
        before = running.cpu_seconds
        for _ in range(300):
            stack.enter_context(connect(running))
        assert get(running) == 200  # after the first of the 300 were closed, for being idle
        assert running.cpu_seconds - before < 3


@needs_proc
@pytest.mark.parametrize("length", ["1000000000", "65537"])
def test_a_large_body_is_refused_before_it_is_read_and_without_a_token(length: str) -> None:
    with server({"AUTH": "token"}) as running:
        before = running.peak_bytes
        with connect(running) as connection:
            connection.sendall(
                f"POST /v1/generate/Al2 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
            )
            assert until_closed(connection).startswith(b"HTTP/1.1 413 ")
        with connect(running) as connection:
            connection.sendall(
                f"POST /v1/generate/Al2 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
            )
            with pytest.raises(OSError, match=r"reset|pipe"):
                for _ in range(1000):
                    connection.sendall(bytes(1_000_000))
        assert get(running) == 200
        assert running.peak_bytes - before < 32 * 1024**2


def test_a_body_of_the_largest_size_is_read(without_stores: Server) -> None:
    status, problem = call(without_stores, "POST", "/v1/generate/Al2", b"[" * 65_536)
    assert (status, problem["code"], problem["detail"]) == (
        400,
        "malformed_request",
        "the body is nested too deeply",
    )


def test_a_body_without_its_length_is_refused(without_stores: Server) -> None:
    with connect(without_stores) as connection:
        head = b"POST /v1/generate/Al2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        connection.sendall(head + b"2\r\n{}\r\n0\r\n\r\n")
        received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 411 ")
    assert b'"length_required"' in received


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(
            b"POST /v1/generate/Al2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
            id="two lengths",
        ),
        pytest.param(b"GET /docs HTTP/1.1\r\nHost : x\r\n\r\n", id="blank before a colon"),
        pytest.param(
            b"GET /docs HTTP/1.1\r\nHost: x\r\nX-Folded: a\r\n b\r\n\r\n", id="folded header"
        ),
        pytest.param(b"GET /docs\r\n\r\n", id="HTTP/0.9"),
        pytest.param(
            b"POST /v1/generate/Al2 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            id="negative length",
        ),
    ],
)
def test_a_malformed_request_gets_400_and_nothing_after_it_is_read(
    without_stores: Server, sent: bytes
) -> None:
    with connect(without_stores) as connection:
        connection.sendall(sent + b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n")
        received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", b"404"), ("/v1/compositions", b"401"), ("/docs", b"200")]
)
def test_an_authorization_outside_of_ascii_gets_a_response(path: str, status: bytes) -> None:
    with server({"AUTH": "token"}) as running, connect(running) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tökén\r\nConnection: close\r\n\r\n".encode()
        )
        assert until_closed(connection).startswith(b"HTTP/1.1 " + status)


_PARALLEL_REQUESTS = """
import asyncio, json, sys
import server.asgi

async def request(number):
    sent = []
    async def send(message): sent.append(message)
    scope = {"type": "http", "method": "GET", "raw_path": b"/v1/generate/available", "query_string": b"x%d=1" % number, "headers": []}
    await application(scope, None, send)
    return f"'x{number}'" in json.loads(sent[1]["body"])["detail"]

async def all_requests(count):
    return await asyncio.gather(*map(request, range(count)))

application = server.asgi.create_application(16)
sys.setswitchinterval(1e-6)
print(asyncio.run(all_requests(400)).count(False))
"""


def test_parallel_requests_keep_their_own_queries() -> None:
    """Check that requests do not share state: a plain Chalice app mixed up some 20 of the 400."""
    done = subprocess.run(
        [sys.executable, "-c", _PARALLEL_REQUESTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "0\n", done.stderr


class Table(ThreadingHTTPServer):
    """A DynamoDB whose tables are empty, and which responds once it is released."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _TableHandler)
        self.requested = threading.Semaphore(0)
        self.released = threading.Event()


class _TableHandler(BaseHTTPRequestHandler):
    server: Table

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requested.release()
        assert self.server.released.wait(NOBODY_WAITS_LONGER)
        body = b'{"Items": [], "Count": 0, "ScannedCount": 0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def slow_table() -> Iterator[Table]:
    with Table() as table:
        serving = threading.Thread(target=table.serve_forever)
        serving.start()
        try:
            yield table
        finally:
            table.released.set()
            table.shutdown()
            serving.join()


def refuses(running: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(running.address) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_progress_are_completed_at_the_end_and_new_ones_refused(
    number: signal.Signals,
) -> None:
    with slow_table() as table:
        environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{table.server_port}"}
        with server(environment) as running, ThreadPoolExecutor(16) as pool:
            callers = [
                pool.submit(call, running, "GET", "/v1/generate/available") for _ in range(16)
            ]
            for _ in callers:
                assert table.requested.acquire(timeout=NOBODY_WAITS_LONGER)
            running.process.send_signal(number)
            while not refuses(running):
                pass
            table.released.set()
            assert [caller.result() for caller in callers] == [(200, {})] * 16
            assert running.process.wait(NOBODY_WAITS_LONGER) == 0


def test_a_kill_of_the_main_process_leaves_no_worker() -> None:
    with server() as running:
        running.process.kill()
        assert running.process.stdout
        running.process.stdout.read()  # the workers have it too: it ends when they have
        assert refuses(running)


@needs_proc
def test_the_number_of_workers_is_configurable() -> None:
    with server({"WEB_WORKERS": "2"}) as running:
        assert len(running.workers) == 2
        assert get(running) == 200


@pytest.mark.parametrize("name", ["WEB_WORKERS", "WEB_THREADS"])
@pytest.mark.parametrize("value", ["0", "many"])
def test_a_setting_that_is_no_count_is_refused(name: str, value: str) -> None:
    command = [sys.executable, "-m", "server.run", "--port", "0"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"invalid {name}='{value}': expected an integer of at least 1" in done.stderr
    assert "Traceback" not in done.stderr
