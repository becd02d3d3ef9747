"""Terminal that shows the output of a program as a person sees it."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TOKENS = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b.|\r|\n|[^\x1b\r\n]+")
COLUMNS, ROWS = 100, 50


class Screen:
    """Lines of a terminal that interprets the output of rich.

    Supported are moves up, erased lines, carriage returns and line feeds. `seen` contains each line
    at the times when the program began another one, or erased one.
    """

    def __init__(self) -> None:
        self._lines: list[str] = [""]
        self._row = self._column = 0
        self.seen: list[str] = []

    def write(self, text: str) -> None:
        for token in _TOKENS.finditer(text):
            if token[2] == "K":
                self._note()
                self._lines[self._row] = ""
            elif token[2] == "A":
                self._note()
                self._row = max(self._row - int(token[1] or 1), 0)
            elif token[0] == "\r":
                self._note()
                self._column = 0
            elif token[0] == "\n":
                self._note()
                self._row += 1
                self._lines += [""] * (self._row + 1 - len(self._lines))
            elif not token[0].startswith("\x1b"):
                line = self._lines[self._row].ljust(self._column)
                self._lines[self._row] = (
                    line[: self._column] + token[0] + line[self._column + len(token[0]) :]
                )
                self._column += len(token[0])

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._lines if line.strip()]

    def _note(self) -> None:
        self.seen.append(self._lines[self._row].rstrip())


def run_in_terminal(
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    columns: int = COLUMNS,
    prompt: str = "",
    typed: str = "",
) -> tuple[Screen, int]:
    """Run the command on a terminal. Return the screen and the exit code.

    `typed` is entered once `prompt` is shown: a prompt for a secret discards earlier input.
    """
    import fcntl  # noqa: PLC0415 - not on Windows
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    variables = {
        name: value
        for name, value in (os.environ if environment is None else environment).items()
        if name not in ("COLUMNS", "LINES", "NO_COLOR", "CI")
    }
    variables["TERM"] = "xterm-256color"
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = bytearray()
        with suppress(OSError):  # EIO, once the program has ended
            while piece := os.read(ours, 65536):
                shown += piece
                if typed and prompt.encode() in shown:
                    os.write(ours, typed.encode())
                    typed = ""
        os.close(ours)
    screen = Screen()
    screen.write(shown.decode())
    return screen, process.returncode
