"""What an answer of the storage to a request for an archive means: a pure judgement, made before a byte of its body is read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from dataops_client.retry import RETRYABLE_STATUSES

_PAGES = ("text/", "application/xml", "application/json", "application/xhtml")
_REFUSED = frozenset({400, 403, 404})
"""The URL is no good (any more): S3 says 403 of one that expired, 400 (`ExpiredToken`) where its credentials did, 404 of an archive that
its retention removed. Whoever asks the API again gets one that is."""


class Action(Enum):
    """What to do about an answer."""

    ACCEPT = auto()
    """Its body is what was asked for."""
    RETRY = auto()
    """It may be better next time; what is there stays."""
    REFRESH_URL = auto()
    """Ask the API for another URL."""
    RESTART = auto()
    """What is there is of something else, or cannot be continued: begin from the first byte."""
    FAIL = auto()
    """Nothing that is known here helps."""


def classify_response(
    status: int,
    headers: Mapping[str, str],
    span: tuple[int, int] | None,
    size_bytes: int,
    etag: str | None,
) -> tuple[Action, str]:
    """What the answer means, and why, for people.

    `span` is the range that was asked for, start and end, None for the whole; `size_bytes` what the archive has; `etag` that of what is
    there already. `headers` are found whatever the case of their names.
    """
    if status in (200, 206):
        return _judged_body(status, headers, span, size_bytes, etag)
    meaning = Action.FAIL
    if status in _REFUSED:
        meaning = Action.REFRESH_URL
    elif status in (412, 416):
        meaning = Action.RESTART
    elif status in RETRYABLE_STATUSES:
        meaning = Action.RETRY
    return meaning, f"the storage answered HTTP {status}"


def _judged_body(
    status: int,
    headers: Mapping[str, str],
    span: tuple[int, int] | None,
    size_bytes: int,
    etag: str | None,
) -> tuple[Action, str]:
    if status == 200 and (fault := _is_no_archive(headers, size_bytes)):
        return Action.RETRY, fault
    if status == 206 and (fault := _is_other_range(headers, span, size_bytes)):
        return Action.RETRY, fault
    if etag and (tag := strong_etag(headers)) and tag != etag:
        return Action.RESTART, f"what the storage has is {tag} now, and was {etag}"
    if status == 200 and span:
        return Action.RESTART, "the storage does not give ranges"
    return Action.ACCEPT, ""


def strong_etag(headers: Mapping[str, str]) -> str | None:
    """The ETag, where it can be asked for with `If-Match`: a weak one never matches (RFC 9110, 8.8.3.2)."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else None


def _is_no_archive(headers: Mapping[str, str], size_bytes: int) -> str | None:
    """What speaks against the body of a 200: a proxy's or a portal's page has another length, or none that it tells."""
    kind, length = headers.get("Content-Type", "").lower(), headers.get("Content-Length")
    if length is None:
        return (
            f"the storage answered {kind!r} in place of an archive"
            if kind.startswith(_PAGES)
            else None
        )
    return (
        None
        if length == str(size_bytes)
        else f"the storage answered {length} bytes of {kind!r}, announced were {size_bytes}"
    )


def _is_other_range(
    headers: Mapping[str, str], span: tuple[int, int] | None, size_bytes: int
) -> str | None:
    given = headers.get("Content-Range", "")
    if span and given.replace(" ", "") == f"bytes{span[0]}-{span[1] - 1}/{size_bytes}":
        return None
    return f"the storage answered range {given!r}, asked for was {span!r} of {size_bytes}"
