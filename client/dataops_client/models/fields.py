"""Validated access to the fields of a JSON response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from reprlib import repr as short_repr  # responses can have values that print as megabytes
from typing import Any, TypeVar

from dataops_client.errors import UnexpectedResponse

MAX_SIZE_BYTES = 50 * 2**40
"""Largest object of S3."""

_T = TypeVar("_T")


def get_field(body: Any, name: str, kind: type[_T]) -> _T:
    """Return a required field.

    Raises:
        UnexpectedResponse: `body` is not an object, or the field is missing or of another type.
    """
    if not isinstance(body, Mapping):
        raise UnexpectedResponse(
            f"the API's response is not a JSON object with {name!r}: {short_repr(body)}"
        )
    value = body.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnexpectedResponse(
            f"{name!r} of the API's response is not a {kind.__name__}: {short_repr(value)}"
        )
    return value


def get_nullable_field(body: Any, name: str, kind: type[_T]) -> _T | None:
    """Return a field, or None if it is missing or null."""
    return None if body.get(name) is None else get_field(body, name, kind)


def get_informative_field(body: Any, name: str, kind: type[_T]) -> _T | None:
    """Return a field, or None if it is missing or of another type: no decision depends on it."""
    try:
        return get_field(body, name, kind)
    except UnexpectedResponse:
        return None


def get_size_bytes(body: Any) -> int:
    size_bytes = get_field(body, "size_bytes", int)
    if not 0 <= size_bytes <= MAX_SIZE_BYTES:
        raise UnexpectedResponse(
            f"'size_bytes' of the API's response is not a file size: {short_repr(size_bytes)}"
        )
    return size_bytes


def get_strings(body: Any, name: str) -> tuple[str, ...]:
    values: Sequence[Any] = get_field(body, name, list)
    if not all(isinstance(value, str) for value in values):
        raise UnexpectedResponse(
            f"{name!r} of the API's response is not a list of strings: {short_repr(values)}"
        )
    return tuple(values)


def get_time(body: Any, name: str) -> datetime:
    text = get_field(body, name, str)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UnexpectedResponse(
            f"{name!r} of the API's response is not an ISO 8601 time: {short_repr(text)}"
        ) from None
    if time.tzinfo is None:
        raise UnexpectedResponse(
            f"{name!r} of the API's response has no UTC offset: {short_repr(text)}"
        )
    return time
