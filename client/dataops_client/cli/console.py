"""Consoles of the command. Text of a server is printed literally, without markup."""

from __future__ import annotations

import os
import sys
from functools import partial

from rich.console import Console

_PlainConsole = partial(Console, markup=False, highlight=False, emoji=False)

out = _PlainConsole()
err = _PlainConsole(stderr=True)


def build_table_console() -> Console:
    """Return a console for a table, 120 columns wide unless on a terminal or with COLUMNS set."""
    return _PlainConsole(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)
