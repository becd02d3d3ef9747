"""Lambda's `Invoke` for events: accepted at once, run one after the other, as AWS's queue before a function does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def lambda_api(invoke: Callable[[Any], Any]) -> Iterator[str]:
    """The address of a Lambda service whose every function is `invoke`; its end waits for what was accepted."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            accepted = self.headers.get("X-Amz-Invocation-Type") == "Event" and self.path.endswith(
                "/invocations"
            )
            if accepted:
                queue.submit(invoke, event)
            self.send_response(202 if accepted else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with (
        ThreadPoolExecutor(1, "lambda") as queue,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
    ):
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
