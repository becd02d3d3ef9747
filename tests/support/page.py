"""Direct API requests of the page tests."""

from __future__ import annotations

import json
import urllib.request
from typing import Any, Protocol


class Served(Protocol):
    """Anything with the URL of an API."""

    @property
    def url(self) -> str: ...


def fetch_json(
    site: Served, path: str, method: str = "GET", body: dict[str, Any] | None = None
) -> Any:
    """Return the JSON of the response to `/v1/<path>`."""
    request = urllib.request.Request(
        f"{site.url}/v1/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)
