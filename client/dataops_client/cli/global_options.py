"""Options of all commands that send requests, accepted before and after the command."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from dataops_client.cli import console
from dataops_client.client import DataOpsClient

_STALL_SECONDS = 5.0

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="URL of the API [env: DATAOPS_URL; default: that of the profile, or "
        "http://localhost:8000].",
        show_default=False,
    ),
]
ConfigProfile = Annotated[
    str | None,
    typer.Option(
        "--config-profile",
        "-P",
        metavar="NAME",
        help="Profile of config.toml or of `dataops login` [env: DATAOPS_PROFILE].",
        show_default=False,
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Print each request, its status and duration.")
]
_PARAMETERS = {
    "url": (Url, None),
    "config_profile": (ConfigProfile, None),
    "verbose": (Verbose, False),
}


@dataclass(slots=True)
class GlobalOptions:
    """Values of the global options."""

    url: str | None = None
    config_profile: str | None = None
    verbose: bool = False

    def update(self, url: str | None, config_profile: str | None, verbose: bool) -> None:
        """Set the values that were given."""
        self.url = url or self.url
        self.config_profile = config_profile or self.config_profile
        self.verbose = verbose or self.verbose


def with_global_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the global options. Its first parameter is the typer context."""
    signature = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def wrapper(context: typer.Context, **arguments: Any) -> None:
        context.obj.update(**{name: arguments.pop(name) for name in _PARAMETERS})
        if context.obj.verbose:
            context.call_on_close(_log_requests())
        command(context, **arguments)

    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in _PARAMETERS.items()
    ]
    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *added]
    )
    wrapper.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items()
    } | {name: annotation for name, (annotation, _) in _PARAMETERS.items()}
    return wrapper


@contextmanager
def open_client(context: typer.Context) -> Iterator[DataOpsClient]:
    """Open the client. On a terminal, print a note if the API does not respond within 5 s."""
    options: GlobalOptions = context.obj
    with (
        DataOpsClient(options.url, config_profile=options.config_profile) as client,
        note_stall(client, _STALL_SECONDS),
    ):
        yield client


@contextmanager
def note_stall(client: DataOpsClient, seconds: float) -> Iterator[None]:
    """Print a note on a terminal if the API has not responded to any request in this time."""
    if not sys.stderr.isatty():
        yield
        return

    def print_stall() -> None:
        if not client.has_responded:
            console.print_note(f"dataops: waiting for {client.url}; Ctrl-C ends the command")

    timer = threading.Timer(seconds, print_stall)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _log_requests() -> Callable[[], None]:
    """Print the log of requests on standard error. Return what ends it."""
    log, handler = logging.getLogger("dataops_client"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("dataops: %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    return lambda: log.removeHandler(handler)
