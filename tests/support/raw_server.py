"""A server on loopback that sends, byte for byte, what a test wants it to send."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]


Respond = Callable[[Request], bytes]


@dataclass(slots=True)
class RawServer:
    """`respond` gives the bytes for each request; after them the connection is closed."""

    respond: Respond
    url: str = ""
    requests: list[Request] = field(default_factory=list)


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP response; `_` in the names of headers stands for `-`."""
    lines = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}Connection: close\r\n\r\n".encode("latin-1") + body


def json_response(value: Any, status: str = "200 OK", **headers: str) -> bytes:
    return response(json.dumps(value).encode(), status, **headers)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


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
            self.rfile.read(int(headers.get("content-length", 0)))
            if len(first) < 2:  # a connection without a request
                return
            state.requests.append(Request(first[0], first[1], headers))
            with suppress(OSError):  # a client that has read enough
                self.wfile.write(state.respond(state.requests[-1]))

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
