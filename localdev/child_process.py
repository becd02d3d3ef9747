"""Processes that end with their parent, on any system, however the parent ends: the parent holds a pipe to their standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from .paths import ROOT

_STOP_SECONDS = 10


def exit_with_parent() -> None:
    """Send this process SIGTERM when its standard input is closed."""

    def wait() -> None:
        wait_for_parent()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def wait_for_parent() -> None:
    """Return when standard input is closed."""
    # Not sys.stdin: its lock, held by a daemon thread, is a fatal error when the interpreter ends.
    while os.read(0, 4096):
        pass


class ChildProcessFailed(RuntimeError):
    """A process ended before it was ready; why it did is on standard error, or in its log."""


@contextmanager
def child(
    module: str, *arguments: str, environment: Mapping[str, str], log: Path | None = None
) -> Iterator[str]:
    """`python -m module` as a process that prints its address as its first line; gives the address, and ends the process after.

    NotReady if it ends before it has printed one; what it had to say is on standard error, or in the `log`.
    """
    with (
        log.open("w") if log else nullcontext() as messages,
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            start_new_session=True,  # Ctrl-C in a terminal ends the parent, which ends its children in order
        ) as process,
    ):
        assert process.stdin and process.stdout
        try:
            address = process.stdout.readline().strip()
            if not address:
                said = f"; see {log}" if log else ""
                raise ChildProcessFailed(
                    f"{module} ended before it was ready, with exit code {process.wait()}{said}"
                )
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            yield address
        finally:
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    for line in process.stdout:
        sys.stderr.write(line)
