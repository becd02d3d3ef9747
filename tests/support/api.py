"""The app in this process on real stores, called without HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalice.test import Client, HTTPResponse

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.aws.clients import DEFAULT_TIMEOUTS, Clients, Timeouts
from chalicelib.settings import Settings


class Api:
    """Calls the app and decodes its responses."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self._client.http.request(
            method, path, headers=dict(headers or {}), body=content or b""
        )

    def get(self, path: str, **options: Any) -> Any:
        """Return the JSON of a 200."""
        return self._json("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Return the JSON of a 200."""
        return self._json("POST", path, body=body, **options)

    def problem(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """Return the problem document of a request that must fail."""
        response = self.call(method, path, body, **options)
        assert response.headers["Content-Type"] == "application/problem+json", response.body
        problem: dict[str, Any] = json.loads(response.body)
        assert problem["status"] == response.status_code
        assert problem["request_id"] == response.headers["X-Request-ID"]
        return problem

    def _json(self, method: str, path: str, **options: Any) -> Any:
        response = self.call(method, path, **options)
        assert response.status_code == 200, response.body
        return json.loads(response.body)


@contextmanager
def serving(environment: Mapping[str, str], timeouts: Timeouts = DEFAULT_TIMEOUTS) -> Iterator[Api]:
    """Serve the app with the services that an environment describes."""
    settings = Settings.from_mapping(environment)
    services = bootstrap.build_services(settings, Clients.connect(settings, timeouts))
    environ = os.environ
    try:
        with bootstrap.override_services(services), Client(app) as client:
            yield Api(client)
    finally:
        # The client replaces os.environ during each request, so concurrent requests leave a copy,
        # whose changes child processes do not see.
        os.environ = environ  # noqa: B003
