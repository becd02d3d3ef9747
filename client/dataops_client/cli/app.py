"""Application `dataops`: global options, registration of the commands, and exit codes."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from dataops_client import InsecureConnection, __version__
from dataops_client.cli import console, files, runs, training
from dataops_client.cli.exit_codes import get_exit_code
from dataops_client.errors import DataOpsError

_HELP = """Schedule runs of atomistic simulations and download their files.

No calculation is run. The simulated executor of the API reports RUNNING for a time after
scheduling (JOB_RUN_TIME_SECONDS), then DONE, and releases files that already exist. A download
does not wait for DONE.

Exit codes: 0 success, 1 failure, 2 invalid request, 3 not found, 4 temporary failure (repeat
the command later), 130 interrupted.
"""
app = typer.Typer(no_args_is_help=True, add_completion=False, help=_HELP)

app.command()(runs.generate)
app.command()(runs.augment)
app.command()(runs.status)
app.command()(runs.compositions)
app.command("list")(runs.list_runs)
app.command()(files.download)
app.command()(files.verify)
app.command()(training.export)
app.command()(training.plot)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"dataops-client {__version__}")
        raise typer.Exit


@app.callback()
def set_options(  # noqa: D103 - typer would print the docstring as help
    context: typer.Context,
    url: Annotated[str | None, typer.Option(envvar="DATAOPS_URL", help="URL of the API.")] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    context.obj = url


def main() -> None:
    """Run the command and exit with the code of its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("once", InsecureConnection)
            warnings.showwarning = _print_warning
            app()
    except (DataOpsError, OSError) as error:
        console.err.print(f"dataops: {error}", style="red", soft_wrap=True)
        sys.exit(get_exit_code(error))


def _print_warning(message: Warning | str, *_: object, **__: object) -> None:
    console.err.print(f"dataops: warning: {message}", style="yellow", soft_wrap=True)
