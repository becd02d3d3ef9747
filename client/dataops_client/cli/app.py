"""Application `dataops`: global options, registration of the commands, and exit codes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

from dataops_client import InsecureConnection, __version__
from dataops_client.cli import (
    account,
    completion,
    console,
    dataset_group,
    download,
    files,
    find,
    job,
    overview,
    runs,
    training,
    verification,
)
from dataops_client.cli.commands import add_command
from dataops_client.cli.exit_codes import get_exit_code
from dataops_client.cli.filter_options import with_filter_options
from dataops_client.cli.global_options import (
    ConfigProfile,
    GlobalOptions,
    Url,
    Verbose,
    with_global_options,
)
from dataops_client.cli.hints import get_hint
from dataops_client.errors import DataOpsError

_HELP = """Schedule runs of atomistic simulations and download their files.

No calculation is run. The simulated executor of the API reports RUNNING for a
time after scheduling (JOB_RUN_TIME_SECONDS), then DONE, and releases files
that exist already. A download does not wait for DONE.
"""
_EPILOG = """\b
Output: a table on a terminal, tab-separated values in pipes, or --json.
Exit codes: 0 success, 1 failure, 2 invalid request, 3 not found, 4 temporary
failure (repeat the command later), 5 --timeout exceeded, 6 `dataset verify`
found advisories, 130 interrupted.

\b
Environment: DATAOPS_URL, DATAOPS_TOKEN, DATAOPS_PROFILE, HTTPS_PROXY,
NO_PROXY, SSL_CERT_FILE. Configuration: ~/.config/dataops/config.toml.

\b
Example:
  dataops run Zr49Cu49Al2 --augment --wait -o data
"""
_EXAMPLES = {
    "compositions": ("dataops compositions",),
    "list": ("dataops list Zr49Cu49Al2",),
    "info": ("dataops info", "dataops info Zr49Cu49Al2 21"),
    "find": ("dataops find --elements Zr,Al --outcome DONE --bond-labels-min 600",),
    "generate": ("dataops generate Zr49Cu49Al2 --count 2 --key task-17",),
    "augment": ("dataops augment Zr49Cu49Al2 21", "dataops augment Zr49Cu49Al2 21,22 1-6,8"),
    "status": ("dataops status Zr49Cu49Al2 21 --wait --timeout 600",),
    "run": ("dataops run Zr49Cu49Al2 --augment --wait -o data",),
    "download": (
        "dataops download Zr49Cu49Al2 21",
        "dataops download Zr49Cu49Al2 21 0-5,8 -o data",
        "dataops download Zr49Cu49Al2 --outcome DONE --include '*.vec' --dry-run",
        "dataops download --elements Al --deformation shear -o data",
    ),
    "files": ("dataops files Zr49Cu49Al2 21 0",),
    "file": ("dataops file Zr49Cu49Al2 21 0 ICOHPLIST.lobster -o -",),
    "bonds": ("dataops bonds Zr49Cu49Al2 21 0 --json",),
    "verify": ("dataops verify data",),
    "login": ("dataops login -P institute --url https://dataops.example.org",),
    "logout": ("dataops logout -P institute",),
    "whoami": ("dataops whoami --json",),
    "completion": ('eval "$(dataops completion bash)"',),
}
_ONLINE: dict[str, Callable[..., None]] = {
    "compositions": overview.compositions,
    "list": overview.list_runs,
    "info": overview.info,
    "generate": runs.generate,
    "augment": runs.augment,
    "status": runs.status,
    "run": job.run,
    "find": with_filter_options(find.find),
    "download": with_filter_options(download.download),
    "files": files.files,
    "file": files.file,
    "bonds": files.bonds,
}
_OFFLINE: dict[str, Callable[..., None]] = {
    "verify": verification.verify,
    "export": training.export,
    "plot": training.plot,
}
_ACCOUNT: dict[str, Callable[..., None]] = {
    "login": account.login,
    "logout": account.logout,
    "whoami": account.whoami,
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=_HELP,
    epilog=_EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 80},
)


_COMMANDS = {
    **{name: with_global_options(command) for name, command in _ONLINE.items()},
    **_OFFLINE,
    **{name: with_global_options(command) for name, command in _ACCOUNT.items()},
    "completion": completion.completion,
}
for _name, _command in _COMMANDS.items():
    add_command(app, _name, _command, _EXAMPLES.get(_name, ()))
app.add_typer(
    dataset_group.group, name="dataset", help="Freeze, pull, verify, compare and cite datasets."
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"dataops-client {__version__}")
        raise typer.Exit


@app.callback()
def set_options(  # noqa: D103 - typer would print the docstring as help
    context: typer.Context,
    url: Url = None,
    config_profile: ConfigProfile = None,
    verbose: Verbose = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    context.obj = GlobalOptions(url, config_profile, verbose)


def main() -> None:
    """Run the command and exit with the code of its error."""
    completion.enable_completion()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("once", InsecureConnection)
            warnings.showwarning = _print_warning
            app(prog_name="dataops")
    except (DataOpsError, OSError) as error:
        console.print_error(error)
        for hint in get_hint(error):
            console.print_note(hint)
        sys.exit(get_exit_code(error))


def _print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    console.print_warning(message)
