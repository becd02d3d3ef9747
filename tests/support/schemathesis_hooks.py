"""Schemathesis hooks for rules that a JSON Schema cannot express.

Keys are new for every request; an `id_run` comes with its `nc`; a cursor comes from the page
before, and goes with its query. Only requests that are meant to be valid are changed: those that
are meant to be refused are sent as they were made. No request waits for a change of a status.
"""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import parse_qs, urlencode
from urllib.request import urlopen

import schemathesis


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    if case.headers and case.headers.get("Prefer") == "wait=20":
        case.headers["Prefer"] = "wait=0"
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    query = case.query or {}
    if case.operation.path == "/v1/generate/available" and "id_run" in query:
        query.setdefault("nc", "Zr49Cu49Al2")
    if "cursor" in query:
        query.pop("cursor")
        query |= _of_the_next_page(case.operation.base_url.rstrip("/") + case.formatted_path, query)


def _of_the_next_page(url: str, query: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the second page, or none if there is only one page or no list."""
    try:
        with urlopen(f"{url}?{urlencode(query | {'limit': 1})}") as response:
            link = re.fullmatch(r"<\?([^>]+)>; rel=\"next\"", response.headers.get("Link") or "")
    except OSError:
        return {}
    return {name: values[0] for name, values in parse_qs(link[1]).items()} if link else {}
