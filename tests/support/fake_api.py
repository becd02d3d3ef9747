"""API with one sub-run, whose archive is served by a `FaultServer`, for faults of a real API."""

from __future__ import annotations

import hashlib
import re

from pytest_httpserver import HTTPServer

from .fault_server import FaultServer


def serve_fake_api(server: HTTPServer, storage: FaultServer, *, building: bool = False) -> str:
    """Serve the API and return its URL. With `building`, neither archive nor run is ever ready."""
    content = storage.content
    link = {
        "nc": "Al2", "id_run": "1", "sub_run": "0", "archive_key": "archives/Al2/1/0/a.zip",
        "download_url": storage.url,
        "expires_at": "2099-01-01T00:00:00+00:00", "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "filename": "Al2_1_0.zip", "profile": "full", "files": [], "missing": [], "cached": True,
    }  # fmt: skip
    status = {
        "nc": "Al2", "id_run": "1", "sub_runs": ["0"],
        "run_scheduled_at": "2026-01-01T00:00:00+00:00", "sub_runs_scheduled_at": None,
        "run_status": "RUNNING", "sub_runs_status": None,
    }  # fmt: skip
    server.expect_request(re.compile(".*/download")).respond_with_json(
        link, status=202 if building else 200
    )
    server.expect_request(re.compile(".*/status")).respond_with_json(status)
    return server.url_for("").rstrip("/")
