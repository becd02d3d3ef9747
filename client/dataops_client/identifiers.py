"""Identifiers of compositions, runs and sub-runs: `str`, or `int` for the numbers."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable

from dataops_client.errors import InvalidRequest

Id = int | str
"""Number of a run or sub-run. Integers of numpy and pandas are accepted as well."""


def normalize_id(value: Id) -> str:
    """Return an identifier as text.

    Raises:
        InvalidRequest: `value` is neither text nor an integer.
    """
    if isinstance(value, str):
        return value
    try:
        return str(operator.index(value))
    except TypeError:
        raise InvalidRequest(
            f"invalid composition, run or sub-run {value!r}; use an integer or text"
        ) from None


def normalize_ids(values: Id | Iterable[Id]) -> list[str]:
    """Return identifiers as texts. One identifier is a list of one."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [normalize_id(values)]
    return [normalize_id(value) for value in values]


def build_resource_path(*values: Id | None) -> str:
    """Return the path of a composition, run or sub-run; values that are None are left out.

    Raises:
        InvalidRequest: A value contains other characters than letters and digits.
    """
    parts = [normalize_id(value) for value in values if value is not None]
    for value in parts:
        if not re.fullmatch(r"[A-Za-z0-9]{1,64}", value):
            raise InvalidRequest(
                f"invalid composition, run or sub-run {value!r}; use letters and digits only"
            )
    return "/".join(parts)
