"""Operations: what each route takes and answers. The OpenAPI document is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from .domain.errors import DataOpsError


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path: what it takes (structs of query parameters, headers and body) and what it answers."""

    method: str
    path: str
    view: Callable[..., Any]
    returns: Any
    fails: tuple[type[DataOpsError], ...]
    query: type[msgspec.Struct] | None
    headers: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None

    @property
    def summary(self) -> str:
        """The first line of the view's docstring."""
        return (self.view.__doc__ or "").strip().splitlines()[0]
