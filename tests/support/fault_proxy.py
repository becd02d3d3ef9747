"""A proxy before S3 or DynamoDB where requests and answers get lost, late, refused or cut, as a seed has it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

KINDS = ("drop", "delay", "throttle", "fail", "truncate", "lose")
"""What may happen to a request: not passed on; passed on late; refused; failed; its answer cut; its answer lost after the work was done."""

_DYNAMODB = {"throttle": (400, "ProvisionedThroughputExceededException"), "fail": (500, "InternalServerError")}
_S3 = {"throttle": (503, "SlowDown"), "fail": (500, "InternalError")}
_DELAY_SECONDS = 0.02
_OWN_HEADERS = ("connection", "transfer-encoding", "date", "server")


class Faults:
    """What all proxies of a test share: how often something happens (0: never), to be changed at any time, and what happened."""

    def __init__(self, seed: int = 0) -> None:
        self.rate = 0.0
        self.seen: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def begin(self, seed: int, rate: float) -> None:
        with self._lock:
            self._random, self.rate = random.Random(seed), rate

    def next(self) -> str | None:
        with self._lock:
            if self._random.random() >= self.rate:
                return None
            kind = self._random.choice(KINDS)
            self.seen[kind] += 1
            return kind


@contextmanager
def fault_proxy(target: str, faults: Faults) -> Iterator[str]:
    """The address of a proxy before the service at `target`. The Host header is passed on: signatures cover it."""
    address = urlsplit(target)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.upstream, server.faults = (str(address.hostname), address.port or 80), faults
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    upstream: tuple[str, int]
    faults: Faults

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _connection: HTTPConnection | None = None

    def _pass_on(self) -> None:
        server = cast(_Server, self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = server.faults.next()
        if kind == "drop":
            self.close_connection = True
            return
        if kind in ("throttle", "fail"):
            self._refuse(*(_DYNAMODB if "X-Amz-Target" in self.headers else _S3)[kind])
            return
        if kind == "delay":
            time.sleep(_DELAY_SECONDS)
        answer, content = self._ask(server.upstream, body)
        if kind == "lose":
            self.close_connection = True
            return
        self._answer(answer, content, truncate=kind == "truncate")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def finish(self) -> None:
        if self._connection:
            self._connection.close()
        with suppress(OSError):
            super().finish()

    def _ask(self, upstream: tuple[str, int], body: bytes) -> tuple[HTTPResponse, bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "expect")}
        for fresh in (self._connection is None, True):
            if fresh:
                self._connection = HTTPConnection(*upstream, timeout=60)
            assert self._connection
            try:
                self._connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in headers.items():
                    self._connection.putheader(name, value)
                self._connection.endheaders(body)
                answer = self._connection.getresponse()
                return answer, answer.read()
            except (HTTPException, OSError):  # a kept connection that the service has closed meanwhile
                if fresh:
                    raise
        raise AssertionError

    def _answer(self, answer: HTTPResponse, content: bytes, *, truncate: bool) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if truncate:
            self.close_connection = True
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def _refuse(self, status: int, code: str) -> None:
        xml = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
        is_table = "X-Amz-Target" in self.headers
        content = (f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by the proxy"}}' if is_table else xml).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0" if is_table else "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
