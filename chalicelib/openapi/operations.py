"""Declarations from which the OpenAPI document is generated."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from chalicelib.domain.errors import DataOpsError

_VARIABLE = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path: its parameters, request body and responses.

    `operation_id` and `tag` are part of the contract and independent of Python names. `response` is
    the type of the 200 body; a tuple lists alternatives. `response_headers` maps optional headers
    of the 200 to their meaning. `other_responses` maps the other statuses that are not errors to
    the type of their body. `links` are the operation ids that take the run of a 200 as parameters.
    """

    method: str
    path: str
    operation_id: str
    tag: str
    view: Callable[..., Any]
    response: Any
    errors: tuple[type[DataOpsError], ...]
    query: type[Struct] | None
    headers: type[Struct] | None
    body: type[Struct] | None
    other_responses: Mapping[int, type[Struct] | None]
    response_headers: Mapping[str, str]
    media_type: str
    links: tuple[str, ...]

    @property
    def summary(self) -> str:
        """Return the first line of the view's docstring, without its period."""
        return self._docstring[0].rstrip(".")

    @property
    def description(self) -> str:
        """Return the rest of the view's docstring, in Markdown."""
        return "\n".join(self._docstring[1:]).strip()

    @property
    def _docstring(self) -> list[str]:
        return inspect.cleandoc(self.view.__doc__ or "").splitlines()

    @property
    def variables(self) -> list[str]:
        """Return the names of the path's variables."""
        return _VARIABLE.findall(self.path)

    @property
    def types(self) -> list[Any]:
        """Return the types of all bodies."""
        responses = self.response if isinstance(self.response, tuple) else (self.response,)
        bodies = (*responses, self.body, *self.other_responses.values())
        return [body for body in bodies if body is not None]


@dataclass(frozen=True, slots=True)
class OpenApiContext:
    """Declarations that all operations share.

    `schema_names` maps the names of the components to their types: the names are part of the
    contract, since generated clients name their classes after them. `variables` maps path variables
    to their types. All paths except the `public_paths` can fail with `access_errors`. `tags` maps
    the tags to their descriptions. `examples` maps operation ids to bodies of their 200 responses
    (with another status: `download_run 202`), and `example_requests` to request bodies.
    `parameter_examples` are the values that Swagger UI fills in. `documentation_url` is the address
    of the documentation, if it is published.
    """

    schema_names: Mapping[str, type]
    variables: Mapping[str, Any]
    problem: type[Struct]
    get_status: Callable[[type[DataOpsError]], int]
    public_paths: frozenset[str]
    access_errors: tuple[type[DataOpsError], ...]
    tags: Mapping[str, str]
    examples: Mapping[str, Any]
    example_requests: Mapping[str, Any]
    parameter_examples: Mapping[str, str]
    documentation_url: str | None
