"""Registration of commands, with the examples at the end of their help."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer


def add_command(
    group: typer.Typer, name: str, command: Callable[..., None], examples: Sequence[str]
) -> None:
    """Add a command to the application or to a group of it."""
    lines = "\n".join(("\b\nExample:", *(f"  {line}" for line in examples)))
    group.command(name, epilog=lines if examples else None)(command)
