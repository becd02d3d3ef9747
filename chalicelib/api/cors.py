"""Cross-origin requests of browsers: ALLOWED_ORIGINS.

No origin is allowed by default. Requests carry tokens in a header that scripts set themselves, so
credentials that browsers add (cookies) are never allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chalice.app import Chalice, Response

_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer"
_RESPONSE_HEADERS = (
    "ETag, Link, Location, Preference-Applied, Retry-After, X-Request-ID, X-Total-Count"
)
_MAX_AGE_SECONDS = 600


class CorsPolicy:
    """The origins whose scripts may call the API; `*` allows all."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def register(self, app: Chalice) -> None:
        """Add the headers to the responses of an app, and a preflight route to each path.

        Without an allowed origin, the app does not change.
        """
        if not self._origins:
            return
        app.register_middleware(self._add_headers, "http")
        for path, entries in list(app.routes.items()):
            methods = ", ".join(sorted(entries))
            app.route(path, methods=["OPTIONS"], name=f"OPTIONS {path}")(_preflight(methods))

    def get_headers(self, origin: str | None) -> dict[str, str]:
        """Return the headers of a response to a request from this origin."""
        if not self._origins:
            return {}
        if origin is None or not self._origins & {origin, "*"}:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _RESPONSE_HEADERS,
            "Vary": "Origin",
        }

    def _add_headers(self, request: Any, get_response: Callable[[Any], Response]) -> Response:
        response = get_response(request)
        response.headers.update(self.get_headers(request.headers.get("origin")))
        return response


def _preflight(methods: str) -> Callable[..., Response]:
    headers: dict[str, str | list[str]] = {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": str(_MAX_AGE_SECONDS),
    }

    def respond(**_: str) -> Response:
        return Response("", dict(headers), 204)  # middleware adds to its headers

    return respond
