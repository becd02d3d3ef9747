"""Console sessions of a page: ```console blocks, executed by one shell and compared.

A line that starts with `$ ` begins a command, which continues after a backslash, in an open brace,
and to the end of a here-document. The lines after it are its output, in which `...` matches any
text.
"""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^( *)```console\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_MARK = "=== end of command "
_ANY = {"...": ".*", "...\n": r"(.*\n)?", "\n...": r"(\n.*)?"}
"""Patterns of `...` in a line, and of a line `...`, which can stand for no line."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page, and the output that the page shows."""

    text: str
    output: str


def find_sessions(page: str) -> list[list[Command]]:
    """Return the commands of each ```console block of a page."""
    sessions = []
    for _, block in _BLOCK.findall(page):
        commands = []
        for part in re.split(r"^\$ ", textwrap.dedent(block), flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            count = _count_command_lines(lines)
            commands.append(Command("\n".join(lines[:count]), "\n".join(lines[count:]).strip()))
        sessions.append(commands)
    return sessions


def find_commands(page: str) -> list[Command]:
    """Return the commands of all ```console blocks of a page, in order."""
    return [command for session in find_sessions(page) for command in session]


def run_commands(
    commands: list[Command], environment: Mapping[str, str], folder: Path
) -> list[tuple[Command, str]]:
    """Run the commands in one shell that ends at the first failure. Return their outputs.

    AssertionError if a command fails.
    """
    script = "".join(
        f"{command.text}\necho\necho '{_MARK}{number}'\n" for number, command in enumerate(commands)
    )
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        env=dict(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = re.split(rf"\n{_MARK}\d+\n", done.stdout)
    assert done.returncode == 0, (
        f"{commands[len(outputs) - 1].text}: {outputs[-1]}{done.stderr[-3000:]}"
    )
    return [
        (command, output.strip()) for command, output in zip(commands, outputs[:-1], strict=True)
    ]


def matches(shown: str, output: str) -> bool:
    """Return True if an output is the one that the page shows, apart from widths of blanks.

    Pages show tables as on a terminal; in a pipe, their columns are separated by tabs.
    """
    shown, output = (re.sub(r"[ \t]+", " ", text) for text in (shown, output))
    pattern = ""
    for part in re.split(r"(^\.\.\.\n|\n\.\.\.(?=\n|$)|\.\.\.)", shown):
        pattern += _ANY.get(part) or re.escape(part)
    return re.fullmatch(pattern, output, re.DOTALL) is not None


def _count_command_lines(lines: list[str]) -> int:
    """Return the number of lines of the command at the beginning of `lines`."""
    if end := re.search(r"<<-?'?(\w+)", lines[0]):
        return lines.index(end[1]) + 1
    count = 1
    while lines[count - 1].endswith("\\"):
        count += 1
    return count
