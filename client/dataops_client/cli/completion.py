"""Command `dataops completion`, and the completion of words by typer."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

COMPLETE_VARIABLE = "_DATAOPS_COMPLETE"
"""Set by the script in the environment of `dataops` when the shell completes a word."""


class Shell(StrEnum):
    """Supported shell."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    context: typer.Context,
    shell: Annotated[
        Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)
    ],
) -> None:
    """Print the script that completes commands and options. No file is changed."""
    # Imported here and below: completion takes time that other commands do not need.
    from typer.completion import show_callback  # noqa: PLC0415

    show_callback(context, None, shell.value)  # type: ignore[arg-type]


def enable_completion() -> None:
    """Make typer complete words, if a shell requests it."""
    if COMPLETE_VARIABLE in os.environ:
        from typer.completion import get_completion_inspect_parameters  # noqa: PLC0415

        get_completion_inspect_parameters()  # registers the shells
