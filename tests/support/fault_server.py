"""Object store with scripted faults: one per request, then correct responses."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from .raw_server import Request, build_head, raw_server

ERROR_PAGE = (
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>"
    b"<Message>Request has expired</Message></Error>"
)
FAULTS = (
    "cut", "stall", "refuse", "throttle", "expire", "credentials", "missing", "reset", "whole",
    "wrong range", "long range", "changed",
    "swapped", "page", "chunked page", "short", "longer",
)  # fmt: skip
"""Faults of the random trials.

`whole` ignores the range, `wrong range` sends another one, `long range` more than requested.
`swapped` sends other content under another ETag, regardless of `If-Match`. `short` and `longer`
are complete responses of a wrong length. `stall` sends a part and then nothing, until the client
disconnects.

Other faults: `unresponsive` sends nothing at all, `late` responds after `released` is set,
`together` waits for another request with this fault."""
_STATUSES = {
    "refuse": 500,
    "throttle": 503,
    "expire": 403,
    "credentials": 400,
    "missing": 404,
    "changed": 412,
}


class FaultServer:
    """Serves `content` under every path. Each request consumes one of `faults`, in order."""

    def __init__(self, content: bytes, seed: int = 0) -> None:
        self.content = content
        self.url = ""
        self.etag = '"tag"'
        self.faults: list[str] = []
        self.ranges: list[str | None] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.sent_bytes = 0
        self.together = threading.Barrier(2)
        self.stalled = threading.Event()
        self.released = threading.Event()
        self.waiting: set[socket.socket] = set()
        self._random = random.Random(seed)

    def respond(self, request: Request) -> bytes:
        requested = request.headers.get("range")
        self.ranges.append(requested)
        self.headers.append(dict(request.headers))
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "late":
            self.stalled.set()
            self.released.wait(60)
        if fault == "together":
            with suppress(threading.BrokenBarrierError):
                self.together.wait(30)
        if fault == "changed" and not requested:
            fault = "none"
        if fault == "reset":
            return b""
        if fault == "unresponsive":
            self._wait_until_disconnected(request.connection)
            return b""
        if (page := self._build_page(fault)) is not None:
            return page
        return self._send_content(request, requested, fault)

    def _build_page(self, fault: str) -> bytes | None:
        length = {"Content-Length": str(len(ERROR_PAGE))}
        if fault in _STATUSES:
            headers = length | ({"Retry-After": "0"} if fault == "throttle" else {})
            return self._build_head(_STATUSES[fault], headers) + ERROR_PAGE
        if fault == "page":
            return self._build_head(200, length | {"ETag": '"page"'}) + ERROR_PAGE
        if fault == "chunked page":
            headers = {"Content-Type": "text/html", "Transfer-Encoding": "chunked"}
            chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(ERROR_PAGE), ERROR_PAGE)
            return self._build_head(200, headers) + chunk
        return None

    def _send_content(self, request: Request, requested: str | None, fault: str) -> bytes:
        size, headers = len(self.content), {"ETag": self.etag}
        start, end = _parse_range(requested, size)
        if fault == "wrong range" and requested:
            start, end, headers = 0, 50, {}
        whole = fault == "whole" or not requested
        body = self.content if whole else self.content[start:end]
        if not whole:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        if fault == "swapped":
            body, headers["ETag"] = bytes(len(body)), '"swapped"'
        elif fault == "long range" and not whole:
            body += b"more"
        elif fault == "short":
            body = body[:-100]
        elif fault == "longer":
            body += b"more"
        head = self._build_head(
            200 if whole else 206, {"Content-Length": str(len(body)), **headers}
        )
        if fault in ("cut", "stall"):
            body = body[: self._random.randrange(len(body) + 1)]
        self.sent_bytes += len(body)  # before the client can receive them
        if fault != "stall":
            return head + body
        request.connection.sendall(head + body)
        self._wait_until_disconnected(request.connection)
        return b""

    def _build_head(self, status: int, headers: dict[str, str]) -> bytes:
        self.statuses.append(status)
        return build_head(f"{status} {HTTPStatus(status).phrase}", headers)

    def _wait_until_disconnected(self, connection: socket.socket) -> None:
        self.stalled.set()
        connection.settimeout(60)
        self.waiting.add(connection)
        with suppress(OSError):
            connection.recv(1)
        self.waiting.discard(connection)


@contextmanager
def fault_server(content: bytes, seed: int = 0) -> Iterator[FaultServer]:
    state = FaultServer(content, seed)
    with raw_server(state.respond) as server:
        state.url = f"{server.url}/archive.zip"
        try:
            yield state
        finally:
            for connection in list(state.waiting):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _parse_range(requested: str | None, size_bytes: int) -> tuple[int, int]:
    if not requested:
        return 0, size_bytes
    first, _, last = requested.removeprefix("bytes=").partition("-")
    return int(first), int(last) + 1 if last else size_bytes
