"""Responses of the API: read with a limit, and checked before anything else sees them."""

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

from dataops_client.errors import UnexpectedResponse, one_line

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Of a response once it is decoded; the largest of a real API (30,000 files) has 5 MB."""
MAX_CONTAINERS = 1_000_000
"""Objects and arrays in a JSON body: 22 million empty arrays fit into the bytes, and take 2 GB once they are Python objects."""
_READ_BYTES = 64 * 1024
_NEXT = re.compile(r"<([^<>]*)>\s*;[^,]*\brel=\"?next\b")


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its whole body, decoded. `request` is the method and the URL, for messages."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the JSON of the body, its texts on one line and without control characters.

        Raises:
            UnexpectedAnswer: it is not JSON, is nested too deeply, has too many objects, or text that is not Unicode.
        """
        if self.body.count(b"{") + self.body.count(b"[") > MAX_CONTAINERS:
            raise UnexpectedResponse(
                f"the response to {self.request} has more than {MAX_CONTAINERS} objects and arrays"
            )
        try:
            return _checked(json.loads(self.body))
        except (ValueError, RecursionError):
            raise UnexpectedResponse(
                f"the response to {self.request} is not JSON but {self.excerpt!r}"
            ) from None

    @property
    def excerpt(self) -> str:
        """The beginning of the body as text."""
        return self.body[:200].decode("utf-8", "replace")

    def next_query(self) -> dict[str, str] | None:
        """Return the query of the next page by the `Link` header, or None on the last page."""
        found = _NEXT.search(self.headers.get("Link", ""))
        try:
            return (
                {name: values[-1] for name, values in parse_qs(urlsplit(found[1]).query).items()}
                if found
                else None
            )
        except ValueError:
            raise UnexpectedResponse(
                f"the response to {self.request} has a next page that is not an address"
            ) from None

    def date(self) -> datetime:
        """Return when the API responded by its own clock, or by ours without a valid `Date` header."""
        try:
            return parsedate_to_datetime(self.headers["Date"]).replace(tzinfo=UTC)
        except (KeyError, ValueError, TypeError, OverflowError):
            return datetime.now(UTC)


def read(response: urllib3.BaseHTTPResponse, request: str) -> Response:
    """Read a response to its end.

    Raises:
        UnexpectedAnswer: it is larger than MAX_BODY_BYTES once decoded, or its encoding cannot be decoded.
        BROKEN: the connection breaks off.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise UnexpectedResponse(f"the response to {request} has the unknown encoding {encoding!r}")
    inflater = None if encoding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    body = bytearray()
    try:
        for piece in response.stream(_READ_BYTES, decode_content=False):
            # One byte more than the limit shows that it is exceeded; nothing further is inflated.
            body += (
                inflater.decompress(piece, MAX_BODY_BYTES + 1 - len(body)) if inflater else piece
            )
            if len(body) > MAX_BODY_BYTES:
                raise UnexpectedResponse(
                    f"the response to {request} is larger than {MAX_BODY_BYTES} bytes"
                )
    except zlib.error as error:
        raise UnexpectedResponse(f"the response to {request} is not {encoding}: {error}") from None
    if inflater and body and not inflater.eof:
        raise UnexpectedResponse(
            f"the response to {request} ends in the middle of its {encoding} data"
        )
    return Response(request, response.status, response.headers, bytes(body))


def _checked(value: Any) -> Any:
    """Return a JSON value with its texts on one line, changed in place. ValueError for a lone surrogate, which no UTF-8 text has."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        value.encode()
        return one_line(value)
    if isinstance(value, list):
        value[:] = map(_checked, value)
    elif isinstance(value, dict):
        for name in list(value):
            value[_checked(name)] = _checked(value.pop(name))
    return value
