"""A threaded HTTP server for handlers that need the raw connection, for example to cut it.

Tests that need no more than requests and responses use pytest-httpserver.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class RawHandler(BaseHTTPRequestHandler):
    """A handler that keeps connections open, sends small responses at once and does not log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that close their connection early."""


@contextmanager
def serve_raw(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve the handler on a loopback port and yield the URL."""
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
