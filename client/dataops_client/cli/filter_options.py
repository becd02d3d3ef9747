"""Options of the commands that select sub-runs by calculation facts, generated from FILTERS."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from dataops_client.filters import FILTERS, Filter

_METAVARS = {list: "NAMES", bool: None, int: "N", float: "RY", str: "TIME"}


def with_filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with an option per filter. It receives those given as `filters`."""
    signature = inspect.signature(command, eval_str=True)
    parameters = [each for each in signature.parameters.values() if each.name != "filters"]
    added = [_build_parameter(each) for each in FILTERS]

    @functools.wraps(command)
    def wrapper(*positional: Any, **arguments: Any) -> None:
        given = {each.name: arguments.pop(f"filter_{each.name}") for each in FILTERS}
        filters = {name: value for name, value in given.items() if value not in (None, [])}
        command(*positional, **arguments, filters=filters)

    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*parameters, *added]
    )
    wrapper.__annotations__ = {each.name: each.annotation for each in (*parameters, *added)}
    return wrapper


def _build_parameter(found: Filter) -> inspect.Parameter:
    option = f"--{found.name.replace('_', '-')}"
    names = f"{option}/--no-{option[2:]}" if found.kind is bool else option
    metavar = "NUMBERS" if found.name in ("id_run", "sub_run") else _METAVARS[found.kind]
    annotation: Any = list[str] if found.kind is list else found.kind
    return inspect.Parameter(
        f"filter_{found.name}",  # `download` has positional arguments of similar names
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            annotation | None,
            typer.Option(names, metavar=metavar, help=found.help, show_default=False),
        ],
    )
