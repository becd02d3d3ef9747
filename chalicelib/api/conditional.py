"""Conditional requests (RFC 9110, section 13), and requests that wait for a change (RFC 7240)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from chalicelib.usecases.run_status import MAX_WAIT_SECONDS, HeldRequests

from .endpoint import JsonResponse

_RETRY_AFTER_SECONDS = 2
_ETAG = re.compile(r'"[!#-~\x80-\xff]*"')
_PREFERENCES = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*"?)+')
_WAIT = re.compile(r'\s*wait\s*=\s*("?)([0-9]{1,9})\1\s*(?:;.*)?', re.ASCII | re.IGNORECASE)
_IS_WAIT = re.compile(r"\s*wait\s*(?:[=;]|$)", re.ASCII | re.IGNORECASE)

RESPONSE_HEADERS = {
    "ETag": "Changes with the response",
    "Preference-Applied": "`wait=N` if the service accepted the preference",
    "Retry-After": "Seconds to wait before the next request; missing unless a job is running",
    "Vary": "`Prefer`",
}


class ConditionalHeaders(Struct):
    """The ETag of an earlier response, and how long the service may wait for a change of it."""

    if_none_match: (
        Annotated[
            str,
            Meta(
                description="ETags of earlier responses: the response is 304 if it equals one of "
                "them",
                examples=['"6c0b6b1f6d0d4a1e8f4e7c9b2a3d5e6f"'],
            ),
        ]
        | None
    ) = field(default=None, name="If-None-Match")
    prefer: (
        Annotated[
            str,
            Meta(
                description="`wait=N`: respond as soon as the status differs from `If-None-Match` "
                f"(without it: changes, while a job is running), after N seconds (at most "
                f"{MAX_WAIT_SECONDS}) at the latest",
                examples=["wait=20"],
            ),
        ]
        | None
    ) = field(default=None, name="Prefer")


@dataclass(frozen=True, slots=True)
class Representation:
    """The JSON of a resource. While it is not `final`, it is expected to change."""

    content: bytes
    final: bool

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


def respond(
    read: Callable[[], Representation], headers: ConditionalHeaders, held: HeldRequests
) -> JsonResponse:
    """Return the current representation, or 304. Wait for a change if the request prefers it."""
    first = latest = read()

    def has_changed() -> bool:
        nonlocal latest
        latest = read()
        if headers.if_none_match is None:
            return latest.final or latest.etag != first.etag
        return not matches_etag(headers.if_none_match, latest.etag)

    response_headers = {"Cache-Control": "no-cache", "Vary": "Prefer"}
    seconds = parse_wait(headers.prefer)
    if seconds is not None:
        expected = (
            not first.final
            if headers.if_none_match is None
            else matches_etag(headers.if_none_match, first.etag)
        )
        if not expected or held.wait(seconds, has_changed):
            response_headers["Preference-Applied"] = f"wait={seconds}"
    response_headers["ETag"] = latest.etag
    if not latest.final:
        response_headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    if headers.if_none_match is not None and matches_etag(headers.if_none_match, latest.etag):
        return JsonResponse(None, 304, response_headers)
    return JsonResponse(msgspec.Raw(latest.content), 200, response_headers)


def parse_wait(prefer: str | None) -> int | None:
    """Return the seconds of `wait` in a Prefer header, at most MAX_WAIT_SECONDS.

    Return None without a valid `wait`. Only the first one counts.
    """
    for preference in _PREFERENCES.findall(prefer or ""):
        if _IS_WAIT.match(preference):
            found = _WAIT.fullmatch(preference)
            return min(int(found[2]), MAX_WAIT_SECONDS) if found else None
    return None


def matches_etag(if_none_match: str, etag: str) -> bool:
    """Return True if a list of ETags contains this one, by weak comparison."""
    return if_none_match.strip() == "*" or etag in _ETAG.findall(if_none_match)
