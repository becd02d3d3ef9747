"""`make serve`: the service on this machine, until it is interrupted.

    python -m tools.serve [--port P]        DATA_DIR names the data to load; default data/
    python -m tools.serve --environment     prints the environment of the one on that port, for `chalice local` and the aws CLI
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import socket
import sys
import threading
from pathlib import Path

from .lifeline import ROOT, NotReady
from .stack import Stack, stack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--job-run-time-seconds", type=float, default=os.environ.get("JOB_RUN_TIME_SECONDS") or "300")
    parser.add_argument("--environment", action="store_true", help="print the environment of the running service")
    arguments = parser.parse_args()
    state = ROOT / ".local" / f"serve-{arguments.port}.env"
    if arguments.environment:
        if not state.exists() or not _listens(arguments.port):
            sys.exit(f"nothing is being served on port {arguments.port}: start `make serve` in another terminal first")
        print(state.read_text(), end="")
        return
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    if not data.is_dir():
        sys.exit(f"DATA_DIR={str(data)!r} is not a folder")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with stack(data, port=arguments.port, job_run_time_seconds=arguments.job_run_time_seconds) as running:
            try:
                _announce(running, state)
                stop.wait()
            finally:
                state.unlink(missing_ok=True)
    except NotReady as error:
        sys.exit(str(error))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _announce(running: Stack, state: Path) -> None:
    state.parent.mkdir(exist_ok=True)
    state.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in running.environment.items()))
    print(f"{running.files} files loaded into the embedded emulator at {running.environment['AWS_ENDPOINT_URL']}")
    print(f"API on {running.api_url.replace('127.0.0.1', 'localhost')}, documentation on its /docs; Ctrl-C ends both", flush=True)


if __name__ == "__main__":
    main()
