"""`make serve`: the service on this machine, until Ctrl-C or SIGTERM.

python -m localdev.serve [--port P]        DATA_DIR names the data to load; default data/
python -m localdev.serve --environment     prints the environment of the one on that port, for `chalice local` and the aws CLI
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .child_process import ChildProcessFailed
from .deployment import Stack, list_compositions, stack
from .paths import ROOT


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--job-run-time-seconds",
        type=float,
        default=os.environ.get("JOB_RUN_TIME_SECONDS") or "300",
    )
    parser.add_argument(
        "--environment", action="store_true", help="print the environment of the running service"
    )
    arguments = parser.parse_args()
    state = ROOT / ".local" / f"serve-{arguments.port}.env"
    if arguments.environment:
        print(_environment(state, arguments.port), end="")
        return
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    list_compositions(data)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _locked(state, arguments.port), _terminal():
        try:
            with stack(
                data, port=arguments.port, job_run_time_seconds=arguments.job_run_time_seconds
            ) as running:
                _announce(running, state)
                stop.wait()
                state.write_text("")
        except ChildProcessFailed as error:
            sys.exit(str(error))
    print("stopped", flush=True)


def _environment(state: Path, port: int) -> str:
    """Return what the service on `port` wrote to `state`. SystemExit if no service is ready there."""
    text = ""
    if state.exists():
        with state.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:  # locked by the service that wrote it, or is about to
                text = file.read()
    if not text:
        sys.exit(
            f"nothing is being served on port {port}: start `make serve` in another terminal first"
        )
    return text


@contextmanager
def _locked(state: Path, port: int) -> Iterator[None]:
    """Hold `state`, empty, for the service on `port`. The lock ends with this process, however it ends."""
    in_use = f"cannot listen on 127.0.0.1:{port}, which is in use; choose another port: PORT={port + 1} make serve"
    state.parent.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            sys.exit(in_use)
    with state.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(in_use)
        file.truncate(0)
        try:
            yield
        finally:
            state.unlink()


@contextmanager
def _terminal() -> Iterator[None]:
    """Let Ctrl-C reach this process and not the `make` around it, which would end with an error."""
    if not sys.stdin.isatty() or os.tcgetpgrp(0) != os.getpgrp():
        yield
        return
    group = os.getpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(
        signal.SIGTSTP, signal.SIG_IGN
    )  # Ctrl-Z would stop this process and leave `make` waiting for it
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(0, group)


def _announce(running: Stack, state: Path) -> None:
    state.write_text(
        "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in running.environment.items()
        )
    )
    print(
        f"{running.files} files loaded into the embedded emulator at {running.environment['AWS_ENDPOINT_URL']}"
    )
    print(
        f"API on {running.api_url.replace('127.0.0.1', 'localhost')}, documentation on its /docs; Ctrl-C ends both",
        flush=True,
    )


if __name__ == "__main__":
    main()
