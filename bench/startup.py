"""Cold start, split into its parts, and the AWS calls of each request.

    python -m bench.startup COMPOSITION RUN

It runs in a separate process, and requires the environment of a running deployment in which the
run is scheduled (bench.__main__ starts it).
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from localdev.gateway_event import build_event


def build_request(method: str, resource: str, variables: dict[str, str]) -> dict[str, Any]:
    """Return the event of a request whose path is `resource` with these variables."""
    return build_event(method, resource.format(**variables), resource, variables)


def main() -> None:
    nc, id_run = sys.argv[1:3]
    download = "/v1/generate/{nc}/{id_run}/{sub_run}/download"
    run = {"nc": nc, "id_run": id_run}
    parts: list[tuple[str, float]] = []
    began = time.perf_counter()

    def part(name: str) -> None:
        nonlocal began
        now = time.perf_counter()
        parts.append((name, now - began))
        began = now

    import boto3  # noqa: F401, PLC0415 - the import is measured

    part("import boto3")
    import msgspec  # noqa: F401, PLC0415

    part("import msgspec")
    from chalice.app import Chalice  # noqa: F401, PLC0415

    part("import chalice")
    from app import app  # noqa: PLC0415

    part("import app")
    from chalicelib.bootstrap import services  # noqa: PLC0415

    services()
    part("make clients")
    first = app(build_request("GET", download, {**run, "sub_run": "0"}), None)
    part("first request (a warm download)")
    assert first["statusCode"] == 200, first
    began = time.perf_counter()
    for _ in range(20):
        app(build_request("GET", download, {**run, "sub_run": "0"}), None)
    parts.append(("each further request", (time.perf_counter() - began) / 20))
    print(json.dumps({"parts": parts, "calls": _record_calls(app, nc, run, download)}))


def _record_calls(app: Any, nc: str, run: dict[str, str], download: str) -> dict[str, list[str]]:
    import botocore.client  # noqa: PLC0415

    base: Any = botocore.client.BaseClient

    names: list[str] = []
    original = base._make_api_call

    def counted(self: Any, name: str, arguments: Any) -> Any:
        names.append(name)
        return original(self, name, arguments)

    base._make_api_call = counted
    calls: dict[str, list[str]] = {}
    requests = {
        "schedule": build_request("POST", "/v1/generate/{nc}", {"nc": nc}),
        "augment": build_request("POST", "/v1/generate/{nc}/{id_run}/augment", run),
        "status": build_request("GET", "/v1/generate/{nc}/{id_run}/status", run),
        "status, again": build_request("GET", "/v1/generate/{nc}/{id_run}/status", run),
        "available": build_request("GET", "/v1/generate/available", {}),
        "download, first": build_request("GET", download, {**run, "sub_run": "1"}),
        "download, warm": build_request("GET", download, {**run, "sub_run": "1"}),
    }
    for name, request in requests.items():
        names.clear()
        app(request, None)
        calls[name] = sorted(names)
    return calls


if __name__ == "__main__":
    main()
