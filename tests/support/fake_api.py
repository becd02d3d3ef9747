"""An API with one sub-run, whose archive a FaultServer gives: for what a real one cannot be made to do."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .fault_server import FaultServer


@contextmanager
def fake_api(storage: FaultServer, content: bytes, *, building: bool = False) -> Iterator[str]:
    """Its address. `building`: the archive, and the run, never get ready."""
    link = {
        "nc": "Al2", "id_run": "1", "sub_run": "0", "archive_key": "archives/Al2/1/0/a.zip", "download_url": storage.url,
        "expires_at": "2099-01-01T00:00:00+00:00", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
        "filename": "Al2_1_0.zip", "profile": "full", "files": [], "missing": [], "cached": True,
    }  # fmt: skip
    status = {
        "nc": "Al2", "id_run": "1", "sub_runs": ["0"], "run_scheduled_at": "2026-01-01T00:00:00+00:00", "sub_runs_scheduled_at": None,
        "run_status": "RUNNING", "sub_runs_status": None,
    }  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.dumps(status if self.path.endswith("/status") else link).encode()
            self.send_response(202 if building and "/download" in self.path else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
