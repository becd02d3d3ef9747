"""Validated decoding of JSON responses into dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from functools import cache
from reprlib import repr as short_repr  # responses can have values that print as megabytes
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from dataops_client.errors import UnexpectedResponse

MAX_SIZE_BYTES = 50 * 2**40
"""Largest object of S3."""
_MAX_NUMBER = 1e300

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T")
_D = TypeVar("_D", bound="DataclassInstance")
_get_type_hints = cache(get_type_hints)


def decode(kind: type[_D], body: Any, **values: Any) -> _D:
    """Build a dataclass from the fields of a JSON object. Unknown fields are ignored.

    Args:
        kind: Dataclass with fields of the types str, int, float, bool, datetime, tuples of strings
            or of dataclasses, and `| None`.
        body: Decoded JSON.
        values: Fields that are not decoded.

    Raises:
        UnexpectedResponse: A field is missing or of another type.
    """
    hints = _get_type_hints(kind)
    for field in fields(kind):
        name, has_default = field.name, field.default is not MISSING
        if name not in values and not (has_default and get_value(body, name) is None):
            values[name] = _decode_field(hints[name], body, name)
    return kind(**values)


def get_value(body: Any, name: str) -> Any:
    """Return a field of a JSON object, or None if it is missing."""
    if not isinstance(body, Mapping):
        raise describe_error(f"not a JSON object with {name!r}", body)
    return body.get(name)


def get_field(body: Any, name: str, kind: type[_T]) -> _T:
    """Return a field of a JSON object.

    Raises:
        UnexpectedResponse: `body` is not an object, or the field is not of the type `kind`.
    """
    value = get_value(body, name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise describe_error(f"{name!r} is not a {kind.__name__}", value)
    return value


def get_number(body: Any, name: str) -> float:
    """Return a field that is a finite number."""
    value = get_value(body, name)
    if type(value) not in (int, float) or not abs(value) < _MAX_NUMBER:
        raise describe_error(f"{name!r} is not a number", value)
    return float(value)


def get_strings(body: Any, name: str) -> tuple[str, ...]:
    """Return a field that is a list of strings."""
    values = get_field(body, name, list)
    if not all(isinstance(value, str) for value in values):
        raise describe_error(f"{name!r} is not a list of strings", values)
    return tuple(values)


def _decode_field(kind: Any, body: Any, name: str) -> Any:
    arguments = get_args(kind)
    if NoneType in arguments:
        return None if get_value(body, name) is None else _decode_field(arguments[0], body, name)
    if kind is datetime:
        return _get_time(body, name)
    if kind is float:
        return get_number(body, name)
    if arguments and (item_kind := arguments[0]) is not str:
        return tuple(decode(item_kind, item) for item in get_field(body, name, list))
    if arguments:
        return get_strings(body, name)
    value = get_field(body, name, kind)
    if name == "size_bytes" and not 0 <= value <= MAX_SIZE_BYTES:
        raise describe_error("'size_bytes' is not a file size", value)
    return value


def _get_time(body: Any, name: str) -> datetime:
    text = get_field(body, name, str)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise describe_error(f"{name!r} is not an ISO 8601 time", text) from None
    if time.tzinfo is None:
        raise describe_error(f"{name!r} has no UTC offset", text)
    return time


def describe_error(problem: str, value: object) -> UnexpectedResponse:
    """Return the error of an invalid value."""
    return UnexpectedResponse(f"invalid response of the API: {problem}: {short_repr(value)}")
