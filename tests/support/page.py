"""What the tests of the page ask the API beside it."""

from __future__ import annotations

import json
import urllib.request
from typing import Any, Protocol


class Served(Protocol):
    """Something with the address of an API."""

    @property
    def url(self) -> str: ...


def answer(site: Served, path: str, method: str = "GET") -> Any:
    """The JSON that the API answers at `/v1/<path>`."""
    with urllib.request.urlopen(
        urllib.request.Request(f"{site.url}/v1/{path}", method=method)
    ) as response:
        return json.load(response)
