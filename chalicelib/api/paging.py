"""Cursors: where a page of the run table ended, as opaque text that is bound to its query. Nothing is kept in the service."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.runs import RunKey

CURSOR_PATTERN = r"^[A-Za-z0-9_-]{1,200}$"


class _Position(Struct, array_like=True, forbid_unknown_fields=True):
    query_nc: str | None
    nc: str
    id_run: Annotated[int, Meta(ge=1, le=999_999_999)]


def cursor_after(last: RunKey, nc: NominalComposition | None) -> str:
    """The cursor of the page after `last`, of the list that `nc` narrows."""
    position = _Position(str(nc) if nc else None, str(last.nc), last.id_run)
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def position_of(cursor: str, nc: NominalComposition | None) -> RunKey:
    """The run that the page comes after. InvalidInput for what `cursor_after` did not write, or wrote for another `nc`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = msgspec.json.decode(text, type=_Position)
        last = RunKey(NominalComposition.parse(position.nc), position.id_run)
    except (binascii.Error, ValueError, InvalidInput):
        raise InvalidInput(f"cursor {cursor!r} is not one that this service gave") from None
    given_for = position.query_nc
    if given_for != (str(nc) if nc else None):
        raise InvalidInput(
            f"cursor {cursor!r} belongs to nc {given_for!r}: this request has nc {nc and str(nc)!r}"
        )
    if cursor_after(last, nc) != cursor:
        raise InvalidInput(f"cursor {cursor!r} is not one that this service gave")
    return last


def next_link(**parameters: Any) -> str:
    """`Link: rel="next"` (RFC 8288), relative to the request, so that it is right under every stage prefix and host."""
    return f'<?{urlencode(parameters)}>; rel="next"'
