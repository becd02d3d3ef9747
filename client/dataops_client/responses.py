"""Responses of the API, read with a size limit and validated."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3

from dataops_client.errors import UnexpectedResponse, to_one_line

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Limit of a decoded response. The largest response of the API (30,000 files) has 5 MB."""
MAX_CONTAINERS = 1_000_000
"""Limit of objects and arrays in a JSON body. The size limit allows 22 million empty arrays, which
occupy 2 GB as Python objects."""
_READ_BYTES = 64 * 1024
_NEXT = re.compile(r"<([^<>]*)>\s*;[^,]*\brel=\"?next\b")


@dataclass(frozen=True, slots=True)
class Response:
    """Response with its decoded body. `request` is the method and the URL, for messages."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body, with its strings on one line and without control characters.

        Raises:
            UnexpectedResponse: The body is not JSON, is nested too deeply, contains too many
                objects,
                or a string that is not Unicode.
        """
        if self.body.count(b"{") + self.body.count(b"[") > MAX_CONTAINERS:
            raise _describe_error(
                self.request, f"has more than {MAX_CONTAINERS} objects and arrays"
            )
        try:
            return _sanitize(json.loads(self.body))
        except (ValueError, RecursionError):
            problem = f"is not JSON: {self.excerpt!r}"
            if self.is_html:
                problem = (
                    "is a page of HTML, not JSON: it is not from a DataOps API; check the URL "
                    "(DATAOPS_URL or --url)"
                )
            raise _describe_error(self.request, problem) from None

    @property
    def is_html(self) -> bool:
        """True if the body is a page of HTML, such as that of a proxy or of another server."""
        return self.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))

    @property
    def excerpt(self) -> str:
        """First 200 bytes of the body as text."""
        return self.body[:200].decode("utf-8", "replace")

    def get_next_query(self) -> dict[str, str] | None:
        """Return the query of the next page from the `Link` header, or None on the last page."""
        found = _NEXT.search(self.headers.get("Link", ""))
        try:
            return (
                {name: values[-1] for name, values in parse_qs(urlsplit(found[1]).query).items()}
                if found
                else None
            )
        except ValueError:
            raise _describe_error(self.request, "has an invalid URL of the next page") from None

    def get_date(self) -> datetime:
        """Return the `Date` of the response, or the local time if it is missing or invalid."""
        try:
            return parsedate_to_datetime(self.headers["Date"]).replace(tzinfo=UTC)
        except (KeyError, ValueError, TypeError, OverflowError):
            return datetime.now(UTC)


def read_response(response: urllib3.BaseHTTPResponse, request: str) -> Response:
    """Read a response completely.

    Raises:
        UnexpectedResponse: The decoded body exceeds MAX_BODY_BYTES, or cannot be decoded.
        urllib3.exceptions.HTTPError: The connection breaks off.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise _describe_error(request, f"has the unknown encoding {encoding!r}")
    decompressor = None if encoding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    body = bytearray()
    try:
        for block in response.stream(_READ_BYTES, decode_content=False):
            # Decompress at most one byte more than the limit, which is enough to detect the excess.
            body += (
                decompressor.decompress(block, MAX_BODY_BYTES + 1 - len(body))
                if decompressor
                else block
            )
            if len(body) > MAX_BODY_BYTES:
                raise _describe_error(request, f"is larger than {MAX_BODY_BYTES} bytes")
    except zlib.error as error:
        raise _describe_error(request, f"is not valid {encoding}: {error}") from None
    if decompressor and body and not decompressor.eof:
        raise _describe_error(request, f"has truncated {encoding} data")
    return Response(request, response.status, response.headers, bytes(body))


def _describe_error(request: str, problem: str) -> UnexpectedResponse:
    return UnexpectedResponse(f"the response to {request} {problem}")


def _sanitize(value: Any) -> Any:
    """Put the strings of a JSON value on one line. Raise ValueError for lone surrogates."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        value.encode()
        return to_one_line(value)
    if isinstance(value, list):
        value[:] = map(_sanitize, value)
    elif isinstance(value, dict):
        for name in list(value):
            value[_sanitize(name)] = _sanitize(value.pop(name))
    return value
