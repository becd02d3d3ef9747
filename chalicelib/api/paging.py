"""Cursors: the end of a page as opaque text. The service stores nothing for a cursor."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.datasets import parse_name
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.runs import RunKey, SubRunKey
from chalicelib.usecases.bonds import BondPosition

CURSOR_PATTERN = r"^[A-Za-z0-9_-]{1,200}$"
_BOND_POSITION = re.compile(rb"([0-9a-f]{16})\.([1-9][0-9]{0,8})")

_POSITION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


_IdRun = Annotated[int, Meta(ge=1, le=999_999_999)]


class _RunPosition(Struct, array_like=True, forbid_unknown_fields=True):
    query_nc: str | None
    nc: str
    id_run: _IdRun


class _SubRunPosition(Struct, array_like=True, forbid_unknown_fields=True):
    nc: str
    id_run: _IdRun
    sub_run: Annotated[int, Meta(ge=0, le=14)]


def encode_run_cursor(last: RunKey, nc: NominalComposition | None) -> str:
    """Return the cursor of the page after `last`, in the runs of one (`nc`) or all compositions."""
    position = _RunPosition(str(nc) if nc else None, str(last.nc), last.id_run)
    return _encode(msgspec.json.encode(position))


def decode_run_cursor(cursor: str, nc: NominalComposition | None) -> RunKey:
    """Return the run that precedes the page.

    InvalidInput unless `encode_run_cursor` returned the cursor for the same `nc`.
    """
    try:
        position = msgspec.json.decode(_decode(cursor), type=_RunPosition)
        last = RunKey(NominalComposition.parse(position.nc), position.id_run)
    except (msgspec.DecodeError, ValueError, InvalidInput):
        raise _invalid(cursor) from None
    if position.query_nc != (str(nc) if nc else None):
        raise InvalidInput(
            f"cursor {cursor!r} belongs to nc {position.query_nc!r}, but the request has nc "
            f"{nc and str(nc)!r}"
        )
    if encode_run_cursor(last, nc) != cursor:
        raise _invalid(cursor)
    return last


def encode_name_cursor(name: str) -> str:
    """Return the cursor of the page after the dataset `name`."""
    return _encode(name.encode())


def decode_name_cursor(cursor: str) -> str:
    """Return the name of a cursor. InvalidInput unless it is the name of a dataset."""
    try:
        return parse_name(_decode(cursor).decode())
    except (ValueError, InvalidInput):
        raise _invalid(cursor) from None


def encode_position_cursor(position: int) -> str:
    """Return the cursor of a position in a list that never changes."""
    return _encode(str(position).encode())


def decode_position_cursor(cursor: str) -> int:
    """Return the position of a cursor. InvalidInput unless it is one."""
    try:
        text = _decode(cursor).decode()
    except ValueError:
        text = ""
    if not _POSITION.fullmatch(text):
        raise _invalid(cursor)
    return int(text)


def encode_sub_run_cursor(last: SubRunKey) -> str:
    """Return the cursor of the page after `last`, a position in the order of all sub-runs."""
    position = _SubRunPosition(str(last.run.nc), last.run.id_run, last.sub_run)
    return _encode(msgspec.json.encode(position))


def decode_sub_run_cursor(cursor: str) -> SubRunKey:
    """Return the sub-run that precedes the page. InvalidInput unless it is a cursor."""
    try:
        position = msgspec.json.decode(_decode(cursor), type=_SubRunPosition)
        run = RunKey(NominalComposition.parse(position.nc), position.id_run)
    except (msgspec.DecodeError, ValueError, InvalidInput):
        raise _invalid(cursor) from None
    return SubRunKey(run, position.sub_run)


def encode_bond_cursor(position: BondPosition) -> str:
    """Return the cursor of a position in the bonds of a sub-run."""
    return _encode(f"{position.content_id}.{position.start}".encode())


def decode_bond_cursor(cursor: str) -> BondPosition:
    """Return the position of a cursor. InvalidInput unless it has the form of one."""
    try:
        found = _BOND_POSITION.fullmatch(_decode(cursor))
    except ValueError:
        found = None
    if found is None:
        raise _invalid(cursor)
    return BondPosition(found[1].decode(), int(found[2]))


def format_next_link(**parameters: Any) -> str:
    """Return the header `Link` with `rel="next"` (RFC 8288).

    It is relative to the request, and therefore valid under every stage prefix and host.
    """
    return f'<?{urlencode(parameters)}>; rel="next"'


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _invalid(cursor: str) -> InvalidInput:
    return InvalidInput(f"invalid cursor {cursor!r}; start again without a cursor")
