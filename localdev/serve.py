"""`make serve`: run a local deployment until Ctrl-C or SIGTERM.

python -m localdev.serve [--port P]                  loads DATA_DIR (default data/)
python -m localdev.serve --environment [--port P]    prints the environment of the running service,
                                                     for `chalice local` and the aws CLI
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
from .deployment import LocalDeployment, list_compositions, start_local_deployment
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
        print(_read_environment(state, arguments.port), end="")
        return
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    list_compositions(data)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with _lock_state(state, arguments.port), _foreground():
        try:
            log = state.with_suffix(".log")
            with start_local_deployment(
                data,
                port=arguments.port,
                job_run_time_seconds=arguments.job_run_time_seconds,
                log=log,
            ) as running:
                _announce(running, state, log)
                ended.wait()
                state.write_text("")
            log.unlink()
        except ChildProcessFailed as error:
            sys.exit(str(error))
    print("stopped", flush=True)


def _read_environment(state: Path, port: int) -> str:
    """Return the environment that the service on `port` wrote. SystemExit if none is ready."""
    text = ""
    if state.exists():
        with state.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:  # locked by the running service
                text = file.read()
    if not text:
        sys.exit(
            f"no service is running on port {port}; start `make serve` in another terminal first"
        )
    return text


@contextmanager
def _lock_state(state: Path, port: int) -> Iterator[None]:
    """Lock an empty `state` file for the service on `port`, until this process ends."""
    in_use = (
        f"cannot listen on 127.0.0.1:{port}, which is in use; "
        f"choose another port: PORT={port + 1} make serve"
    )
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
def _foreground() -> Iterator[None]:
    """Deliver Ctrl-C to this process, and not to its parent `make`, which would report an error."""
    if not sys.stdin.isatty() or os.tcgetpgrp(0) != os.getpgrp():
        yield
        return
    group = os.getpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    # Ctrl-Z would suspend this process and leave `make` waiting for it.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(0, group)


def _announce(running: LocalDeployment, state: Path, log: Path) -> None:
    state.write_text(
        "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in running.environment.items()
        )
    )
    store, url = running.environment["AWS_ENDPOINT_URL"], running.api_url
    print(
        f"{running.files} files loaded into the embedded emulator at {store}; "
        f"requests are logged to {log.relative_to(ROOT)}"
    )
    print(
        f"API on {url.replace('127.0.0.1', 'localhost')}, documentation on its /docs; "
        "Ctrl-C ends both",
        flush=True,
    )


if __name__ == "__main__":
    main()
