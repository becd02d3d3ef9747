"""A proxy before an HTTP service that can lose answers: the service has done its work, and its caller never hears of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import cast
from urllib.parse import urlsplit


@dataclass
class LossyProxy:
    """At `url`; the next `answers_to_lose` answers do not get through. One request per connection."""

    url: str
    answers_to_lose: int = 0
    lost: list[bytes] = field(default_factory=list)


@contextmanager
def lossy_proxy(target: str) -> Iterator[LossyProxy]:
    """A proxy before the service at `target`, while the context lasts."""
    address = urlsplit(target)
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.upstream = (str(address.hostname), int(address.port or 80))
        server.proxy = LossyProxy(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    upstream: tuple[str, int]
    proxy: LossyProxy


class _Connection(StreamRequestHandler):
    def handle(self) -> None:
        server = cast(_Server, self.server)
        with socket.create_connection(server.upstream, timeout=30) as upstream:
            upstream.sendall(self._request())
            answer = b"".join(iter(lambda: upstream.recv(65536), b""))
        if server.proxy.answers_to_lose:
            server.proxy.answers_to_lose -= 1
            server.proxy.lost.append(answer)
            return
        self.wfile.write(answer)

    def _request(self) -> bytes:
        lines = []
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if name.lower() != b"connection":
                lines.append(line)
        return b"".join([*lines, b"Connection: close\r\n\r\n", self.rfile.read(length)])
