"""Generated parts of the documentation: operations of the API, commands and public names.

`docs/conf.py` inserts them when the site is built. A page contains the line
`<!-- generated: NAME -->`, and NAME is a key of GENERATORS.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import dataops_client
import typer.main
from dataops_client import ml
from dataops_client.cli.app import app
from dataops_client.ml import errors as ml_errors

from localdev.paths import ROOT

from .render_openapi import render_operations

_MARKER = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)


def insert_generated_parts(page: str) -> str:
    """Return the text of a page with its markers replaced."""
    return _MARKER.sub(lambda marker: GENERATORS[marker[1]](), page)


def render_commands() -> str:
    """Return a section per command of `dataops`, with the help text that it prints."""
    names = _list_commands("dataops", typer.main.get_command(app))
    return "\n\n".join(f"## {name}\n\n```text\n{_get_help(name)}\n```" for name in names)


def render_client() -> str:
    """Return autodoc directives for the public names of `dataops_client`, by kind."""
    return _render_names(dataops_client, dataops_client.__all__)


def render_training_data() -> str:
    """Return autodoc directives for the public names of `dataops_client.ml` and its errors."""
    errors = [
        name
        for name, value in vars(ml_errors).items()
        if inspect.isclass(value) and value.__module__ == ml_errors.__name__
    ]
    return _render_names(ml, ml.__all__) + "\n\n" + _render_names(ml_errors, errors)


GENERATORS: dict[str, Callable[[], str]] = {
    "operations": lambda: render_operations(
        json.loads((ROOT / "docs" / "openapi.json").read_text())
    ),
    "commands": render_commands,
    "client": render_client,
    "training-data": render_training_data,
}


def _list_commands(name: str, command: Any) -> Iterator[str]:
    yield name
    for child_name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from _list_commands(f"{name} {child_name}", child)


def _get_help(name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dataops_client", *name.split()[1:], "--help"],
        env={**os.environ, "COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


def _render_names(module: ModuleType, names: list[str]) -> str:
    kinds: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: name.removeprefix("Async")):
        kind, directive = _classify(name, getattr(module, name))
        kinds.setdefault(kind, []).append(f".. {directive}:: {module.__name__}.{name}")
    order = ("Clients", "Functions", "Classes", "Errors and warnings", "Data")
    return "\n\n".join(
        f"### {kind}\n\n```{{eval-rst}}\n" + "\n".join(kinds[kind]) + "\n```"
        for kind in order
        if kind in kinds
    )


def _classify(name: str, value: object) -> tuple[str, str]:
    """Return the heading of a public name, and its directive of autodoc."""
    if inspect.isclass(value):
        if issubclass(value, BaseException):
            return "Errors and warnings", "autoexception"
        return ("Clients" if name.endswith("Client") else "Classes"), "autoclass"
    return ("Functions", "autofunction") if inspect.isroutine(value) else ("Data", "py:data")
