"""Messages of the command on standard error, and consoles for progress."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from dataops_client.errors import to_printable

if TYPE_CHECKING:
    from rich.console import Console

_RED, _YELLOW, _RESET = "\x1b[31m", "\x1b[33m", "\x1b[0m"


def print_error(message: object) -> None:
    """Print an error, in red on a terminal."""
    _print(f"dataops: {message}", _RED)


def print_warning(message: object) -> None:
    """Print a warning, in yellow on a terminal."""
    _print(f"dataops: warning: {message}", _YELLOW)


def print_note(message: object) -> None:
    """Print what is not data: summaries, hints and progress."""
    _print(str(message), "")


def _print(text: str, color: str) -> None:
    text = to_printable(text)
    colored = color and sys.stderr.isatty() and "NO_COLOR" not in os.environ
    print(f"{color}{text}{_RESET}" if colored else text, file=sys.stderr, flush=True)


@cache
def get_progress_console() -> Console:
    """Return the console of progress bars. It prints text literally, without markup."""
    from rich.console import Console  # noqa: PLC0415 - takes 27 ms, and scripts show no progress

    return Console(stderr=True, markup=False, highlight=False, emoji=False)
