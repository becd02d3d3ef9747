"""Child processes that exit when their parent exits, on any system, also after SIGKILL.

The parent holds a pipe to the standard input of the child, which is closed when the parent ends.
"""

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
    """Send SIGTERM to this process when its standard input is closed."""

    def wait() -> None:
        wait_for_parent()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


def wait_for_parent() -> None:
    """Wait until standard input is closed."""
    # Not sys.stdin: if a daemon thread holds its lock, the interpreter ends with a fatal error.
    while os.read(0, 4096):
        pass


class ChildProcessFailed(RuntimeError):
    """A child process ended before it was ready. The cause is on standard error or in its log."""


@contextmanager
def start_child_process(
    module: str, *arguments: str, environment: Mapping[str, str], log: Path | None = None
) -> Iterator[str]:
    """Run `python -m module`, and yield the address that it prints as its first line.

    The process is ended on exit. Its messages go to standard error, or to the file `log`. Raise
    ChildProcessFailed if it ends before it prints an address.
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
            start_new_session=True,  # Ctrl-C reaches the parent only, which ends its children
        ) as process,
    ):
        assert process.stdin and process.stdout
        try:
            address = process.stdout.readline().strip()
            if not address:
                hint = f"; see {log}" if log else ""
                raise ChildProcessFailed(
                    f"{module} ended before it was ready, with exit code {process.wait()}{hint}"
                )
            threading.Thread(target=_forward_output, args=(process,), daemon=True).start()
            yield address
        finally:
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def list_descendants(pid: int) -> list[int]:
    """Return the ids of the children of a process, of their children, and so on (Linux only)."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
    ]
    return [*children, *(found for child in children for found in list_descendants(child))]


def _forward_output(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    for line in process.stdout:
        sys.stderr.write(line)
