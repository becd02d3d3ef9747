"""Classification of object store responses by status and headers, before the body is read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from dataops_client.retry import RETRYABLE_STATUSES

Range = tuple[int, int]
"""Half-open range of bytes: start and end."""

_PAGE_TYPES = ("text/", "application/xml", "application/json", "application/xhtml")
_REJECTED_URL_STATUSES = frozenset({400, 403, 404})
"""S3 responds 403 to an expired URL, 400 (`ExpiredToken`) to one whose credentials expired, and 404
once the lifecycle rule has deleted the archive. The API returns a valid URL on request."""


class Action(Enum):
    """Next step of a download after a response."""

    ACCEPT = auto()
    """Read the body: it is the requested range."""
    RETRY = auto()
    """Repeat the request later. The data received so far stays valid."""
    REFRESH_URL = auto()
    """Request another URL from the API."""
    RESTART = auto()
    """Discard the data received so far: the object changed or ranges are not supported."""
    FAIL = auto()
    """Fail the download."""


def classify_response(
    status: int,
    headers: Mapping[str, str],
    requested: Range | None,
    size_bytes: int,
    etag: str | None,
) -> tuple[Action, str]:
    """Return the action that a response requires, and the reason as text.

    Args:
        status: HTTP status.
        headers: Headers, with names that are looked up regardless of case.
        requested: Requested range, None for the whole archive.
        size_bytes: Size of the archive.
        etag: ETag of the data received so far.

    Returns:
        The action and its reason, which is empty for `Action.ACCEPT`.
    """
    if status in (200, 206):
        return _classify_body(status, headers, requested, size_bytes, etag)
    action = Action.FAIL
    if status in _REJECTED_URL_STATUSES:
        action = Action.REFRESH_URL
    elif status in (412, 416):
        action = Action.RESTART
    elif status in RETRYABLE_STATUSES:
        action = Action.RETRY
    return action, f"the object store returned HTTP {status}"


def _classify_body(
    status: int,
    headers: Mapping[str, str],
    requested: Range | None,
    size_bytes: int,
    etag: str | None,
) -> tuple[Action, str]:
    fault = (
        _find_length_fault(headers, size_bytes)
        if status == 200
        else _find_range_fault(headers, requested, size_bytes)
    )
    if fault:
        return Action.RETRY, fault
    if etag and (tag := get_strong_etag(headers)) and tag != etag:
        return Action.RESTART, f"the ETag of the archive changed from {etag} to {tag}"
    if status == 200 and requested:
        return Action.RESTART, "the object store does not support ranges"
    return Action.ACCEPT, ""


def get_strong_etag(headers: Mapping[str, str]) -> str | None:
    """Return the ETag unless it is weak: `If-Match` never matches those (RFC 9110, 8.8.3.2)."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else None


def _find_length_fault(headers: Mapping[str, str], size_bytes: int) -> str | None:
    """Return why a 200 is not the archive: the page of a proxy has another length, or none."""
    content_type, length = headers.get("Content-Type", "").lower(), headers.get("Content-Length")
    if length is None:
        is_page = content_type.startswith(_PAGE_TYPES)
        return (
            f"the object store returned {content_type!r} instead of an archive" if is_page else None
        )
    if length == str(size_bytes):
        return None
    return (
        f"the object store returned {length} bytes of {content_type!r}; expected {size_bytes} bytes"
    )


def _find_range_fault(
    headers: Mapping[str, str], requested: Range | None, size_bytes: int
) -> str | None:
    returned = headers.get("Content-Range", "")
    if requested and returned.replace(" ", "") == (
        f"bytes{requested[0]}-{requested[1] - 1}/{size_bytes}"
    ):
        return None
    return (
        f"the object store returned range {returned!r}; requested was {requested} of {size_bytes}"
    )
