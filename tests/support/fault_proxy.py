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

KINDS = ("drop", "delay", "throttle", "fail", "bad gateway", "truncate", "shorten", "empty", "lose")
"""What may happen to a request: not passed on; passed on late; refused; failed; failed by a load balancer, in HTML; its answer cut; its
answer shorter, and announced so; a good answer with nothing in it; its answer lost after the work was done."""

STALL = "stall"
"""No answer, until the caller gives up: not for everyone, because it takes the caller's time-out. The work may be done or not."""

_DYNAMODB = {
    "throttle": (400, "ProvisionedThroughputExceededException"),
    "fail": (500, "InternalServerError"),
}
_S3 = {"throttle": (503, "SlowDown"), "fail": (500, "InternalError")}
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_DELAY_SECONDS = 0.02
_OWN_HEADERS = ("connection", "content-length", "transfer-encoding", "date", "server")


class Faults:
    """What all proxies of a test share: how often something happens (0: never), to be changed at any time, and what happened."""

    def __init__(self, seed: int = 0) -> None:
        self.rate = 0.0
        self.seen: Counter[str] = Counter()
        self.lost: list[bytes] = []
        """The contents of the answers that were lost."""
        self._random = random.Random(seed)
        self._stalls = 0
        self._lock = threading.Lock()

    def begin(self, seed: int, rate: float, *, stalls: int = 0) -> None:
        """From now on so much of what is asked, and the first `stalls` of it stall."""
        with self._lock:
            self._random, self.rate, self._stalls = random.Random(seed), rate, stalls

    def next(self, request: str) -> str | None:
        """What happens to a request: to `GET /bucket/key?query`, or to an operation of DynamoDB."""
        with self._lock:
            if self._random.random() >= self.rate:
                return None
            kind = STALL if self._stalls else self._random.choice(KINDS)
            self._stalls -= kind == STALL
            self.seen[kind] += 1
            return kind

    def does_it(self) -> bool:
        """Whether the work of a request that stalls is done."""
        with self._lock:
            return self._random.random() < 0.5


class Only(Faults):
    """One kind, which happens to every request of those that begin with `to`, but to no more than `times`, while `rate` is 1."""

    def __init__(self, kind: str, to: str = "", times: int = 1_000_000) -> None:
        super().__init__()
        self.rate = 1.0
        self._kind, self._to, self._times = kind, to, times

    def next(self, request: str) -> str | None:
        with self._lock:
            if (
                not self.rate
                or not request.startswith(self._to)
                or self.seen[self._kind] == self._times
            ):
                return None
            self.seen[self._kind] += 1
            return self._kind


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
        target = self.headers.get("X-Amz-Target", "")
        kind = server.faults.next(target.rpartition(".")[2] or f"{self.command} {self.path}")
        if kind == "drop":
            self.close_connection = True
            return
        if kind in ("throttle", "fail"):
            status, code = (_DYNAMODB if target else _S3)[kind]
            self._send(
                status,
                "application/x-amz-json-1.0" if target else "application/xml",
                _error(code, is_table=bool(target)),
            )
            return
        if kind == "bad gateway":
            self._send(502, "text/html", _HTML)
            return
        if kind == STALL and not server.faults.does_it():
            self._keep_silent()
            return
        if kind == "delay":
            time.sleep(_DELAY_SECONDS)
        answer, content = self._ask(server.upstream, body)
        if kind == "lose":
            server.faults.lost.append(content)
            self.close_connection = True
            return
        if kind == STALL:
            self._keep_silent()
            return
        whole = len(content)
        if kind in ("truncate", "shorten"):
            content = content[: whole // 2]
        elif kind == "empty":
            content = b""
        if kind == "truncate":
            self.close_connection = True
        self._answer(answer, content, announced=whole if kind == "truncate" else len(content))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def finish(self) -> None:
        if self._connection:
            self._connection.close()
        with suppress(OSError):
            super().finish()

    def _ask(self, upstream: tuple[str, int], body: bytes) -> tuple[HTTPResponse, bytes]:
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("connection", "expect")
        }
        for fresh in (self._connection is None, True):
            if fresh:
                self._connection = HTTPConnection(*upstream, timeout=60)
            assert self._connection
            try:
                self._connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in headers.items():
                    self._connection.putheader(name, value)
                self._connection.endheaders(body)
                answer = self._connection.getresponse()
                return answer, answer.read()
            except (
                HTTPException,
                OSError,
            ):  # a kept connection that the service has closed meanwhile
                if fresh:
                    raise
        raise AssertionError

    def _answer(self, answer: HTTPResponse, content: bytes, announced: int) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HEADERS or (
                name.lower() == "content-length" and self.command == "HEAD"
            ):
                self.send_header(name, value)
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(content)

    def _send(self, status: int, media_type: str, content: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _keep_silent(self) -> None:
        """Until the caller gives up and closes the connection."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.recv(1)

    def log_message(self, *_: object) -> None:
        pass


def _error(code: str, *, is_table: bool) -> bytes:
    if is_table:
        return f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by the proxy"}}'.encode()
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
