"""Doors to the service itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
from chalice.app import Response

from chalicelib.bootstrap import services
from chalicelib.domain.errors import Unavailable

from .endpoint import Door, endpoint, request_id_of
from .logs import LOG
from .problems import problem
from .schemas import Health

door = Door(__name__, tag="meta")


@door.middleware("http")
def watch(request: Any, get_response: Callable[[Any], Response]) -> Response:
    """Around every request: what Chalice itself refuses becomes a problem document, and each request is one line in the log."""
    started = time.monotonic()
    request_id = request_id_of(request)
    response = _problem_of_chalice(get_response(request), request, request_id)
    response.headers.setdefault("X-Request-ID", request_id)
    if request.method == "HEAD":
        response.body = ""
    fields = {
        "request_id": request_id,
        "method": request.method,
        "route": request.context.get("resourcePath"),
        "path": request.context.get("path"),
        "status": response.status_code,
        "duration_ms": round((time.monotonic() - started) * 1000, 1),
    }
    if response.status_code >= 400 and response.body:
        fields["code"] = msgspec.json.decode(response.body)["code"]
    LOG.info("request", extra={"fields": fields})
    return response


@endpoint(door, "GET", "/health", operation_id="health", returns=Health, fails=(Unavailable,))
def health() -> Health:
    """Liveness and readiness: 200 when the run table and the data bucket answer, 503 when one does not."""
    services().runs.ping()
    services().bucket.ping()
    return Health()


def _problem_of_chalice(response: Response, request: Any, request_id: str) -> Response:
    if (
        response.status_code < 400
        or response.headers.get("Content-Type") == "application/problem+json"
    ):
        return response
    if response.status_code == 405:
        allow = str(response.headers["Allow"])
        detail = f"{request.method} is not offered at {request.context.get('path')!r}: {allow} is"
        return problem(405, "method_not_allowed", detail, request_id, {"Allow": allow})
    return problem(
        500,
        "internal_error",
        "An internal error occurred; it was logged under the request id.",
        request_id,
    )
