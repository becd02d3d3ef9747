"""HTTP server on the loopback interface that sends exactly the bytes of a test.

pytest-httpserver serves well-formed responses only.
"""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """Received request, with its connection for responses that are sent in parts."""

    method: str
    target: str
    headers: Mapping[str, str]
    connection: socket.socket
    body: bytes = b""


Respond = Callable[[Request], bytes]


@dataclass(slots=True)
class RawServer:
    """Running server. `respond` returns the bytes of a response; then the connection is closed."""

    respond: Respond
    url: str = ""
    requests: list[Request] = field(default_factory=list)


def build_response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Return a complete HTTP response; `_` in the names of headers stands for `-`."""
    lines = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    return (
        build_head(
            status, lines | {name.replace("_", "-"): value for name, value in headers.items()}
        )
        + body
    )


def build_head(status: str, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n".encode("latin-1")


def build_json_response(value: Any, status: str = "200 OK", **headers: str) -> bytes:
    return build_response(json.dumps(value).encode(), status, **headers)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore connections that a client has reset."""


@contextmanager
def raw_server(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    state = RawServer(respond)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            first = self.rfile.readline().decode("latin-1").split()
            lines = iter(lambda: self.rfile.readline().decode("latin-1").strip(), "")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            body = self.rfile.read(int(headers.get("content-length", 0)))
            if len(first) < 2:  # a connection without a request
                return
            request = Request(first[0], first[1], headers, self.connection, body)
            state.requests.append(request)
            with suppress(OSError):  # the client closed the connection
                self.wfile.write(state.respond(request))

    with _Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        state.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
