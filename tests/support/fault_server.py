"""A storage that misbehaves as it is told: one behaviour per request, then it is good."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ERROR_PAGE = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
FAULTS = (
    "cut", "stall", "refuse", "throttle", "expire", "credentials", "missing", "reset", "whole", "wrong range", "long range", "changed",
    "swapped", "page", "chunked page", "short", "longer",
)  # fmt: skip
"""What it can be told to do; `good` besides.

`whole` ignores the range, `wrong range` gives another one, `long range` more than was asked for; `swapped` gives another content under
another ETag, whatever `If-Match` says; `short` and `longer` are whole answers of a length that is not the content's; `stall` sends a part
and then nothing, until the client gives up. Besides: `mute` does not even send a status, `late` sends all of it once it is `released`,
`together` waits for another of its kind at the same time.
"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up has reset its connection."""


class FaultServer:
    """`content` under every path; `faults` are used up one by one, the newest last. Requests are noted."""

    def __init__(self, content: bytes, seed: int = 0) -> None:
        self.content = content
        self.faults: list[str] = []
        self.ranges: list[str | None] = []
        self.headers: list[dict[str, str]] = []
        self.sent_bytes = 0
        self.etag = '"tag"'
        self.url = ""
        self.statuses: list[int] = []
        self.together = threading.Barrier(2)
        self.stalled = threading.Event()
        self.released = threading.Event()
        self.waiting: set[socket.socket] = set()
        self.random = random.Random(seed)


@contextmanager
def fault_server(content: bytes, seed: int = 0) -> Iterator[FaultServer]:
    state = FaultServer(content, seed)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: PLR0912 - a branch for each fault
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            fault = state.faults.pop(0) if state.faults else "good"
            start, stop = _span(wanted, len(state.content))
            statuses = {
                "refuse": 500,
                "throttle": 503,
                "expire": 403,
                "credentials": 400,
                "missing": 404,
                "changed": 412,
            }
            if fault == "late":
                state.stalled.set()
                state.released.wait(60)
            if fault == "together":
                with suppress(threading.BrokenBarrierError):
                    state.together.wait(30)
            if fault == "changed" and not wanted:
                fault = "good"
            if fault in statuses:
                self._answer(
                    statuses[fault], ERROR_PAGE, {"Retry-After": "0"} if fault == "throttle" else {}
                )
            elif fault == "reset":
                self.close_connection = True
                self.connection.close()
            elif fault == "page":
                self._answer(200, ERROR_PAGE, {"ETag": '"page"'})
            elif fault == "chunked page":
                chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(ERROR_PAGE), ERROR_PAGE)
                self._answer(
                    200, chunk, {"Content-Type": "text/html", "Transfer-Encoding": "chunked"}
                )
            elif fault == "mute":
                self._wait_for_the_client_to_go()
            elif fault == "wrong range" and wanted:
                body = state.content[:50]
                self._answer(206, body, {"Content-Range": f"bytes 0-49/{len(state.content)}"})
            else:
                whole = fault == "whole" or not wanted
                body = state.content if whole else state.content[start:stop]
                headers = {"ETag": state.etag}
                if not whole:
                    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(state.content)}"
                if fault == "swapped":
                    body, headers["ETag"] = bytes(len(body)), '"swapped"'
                if fault == "long range" and not whole:
                    body += b"more"
                if fault in ("short", "longer"):
                    body = body[:-100] if fault == "short" else body + b"more"
                self._answer(
                    200 if whole else 206,
                    body,
                    headers,
                    cut=fault in ("cut", "stall"),
                    stall=fault == "stall",
                )

        def _answer(
            self,
            status: int,
            body: bytes,
            headers: dict[str, str],
            cut: bool = False,
            stall: bool = False,
        ) -> None:
            state.statuses.append(status)
            self.send_response(status)
            lengths = {} if "Transfer-Encoding" in headers else {"Content-Length": str(len(body))}
            for name, value in {**lengths, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            part = body[: state.random.randrange(len(body) + 1)] if cut else body
            if status < 300 and ERROR_PAGE not in body:
                state.sent_bytes += len(part)  # before the client can know of them
            try:
                self.wfile.write(part)
            except OSError:  # a client that gave up
                self.close_connection = True
                return
            if stall:
                self.wfile.flush()
                self._wait_for_the_client_to_go()
            if cut:
                self.close_connection = True

        def _wait_for_the_client_to_go(self) -> None:
            state.stalled.set()
            self.close_connection = True
            self.connection.settimeout(60)
            state.waiting.add(self.connection)
            with suppress(OSError):
                self.connection.recv(1)  # which ends when the client closes
            state.waiting.discard(self.connection)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/archive.zip"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        for connection in list(state.waiting):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        server.shutdown()
        thread.join()
        server.server_close()


def _span(wanted: str | None, size_bytes: int) -> tuple[int, int]:
    if not wanted:
        return 0, size_bytes
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    return int(first), int(last) + 1 if last else size_bytes
