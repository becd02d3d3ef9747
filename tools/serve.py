"""`make serve`: the service on this machine, until it is interrupted.

    python -m tools.serve [--port P]        DATA_DIR names the data to load; default data/
    python -m tools.serve --environment     prints the environment of the one that runs, for `chalice local` and the aws CLI
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

from .lifeline import ROOT
from .stack import Stack, stack

_STATE = ROOT / ".local" / "serve.env"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--environment", action="store_true", help="print the environment of the running service")
    arguments = parser.parse_args()
    if arguments.environment:
        if not _STATE.exists():
            sys.exit("nothing is being served here: start `make serve` in another terminal first")
        print(_STATE.read_text(), end="")
        return
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    if not data.is_dir():
        sys.exit(f"DATA_DIR={str(data)!r} is not a folder")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with stack(data, port=arguments.port, job_run_time_seconds=float(os.environ.get("JOB_RUN_TIME_SECONDS") or 300)) as running:
        _announce(running)
        try:
            stop.wait()
        finally:
            _STATE.unlink(missing_ok=True)


def _announce(running: Stack) -> None:
    _STATE.parent.mkdir(exist_ok=True)
    _STATE.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in running.environment.items()))
    print(f"{running.files} files loaded into the embedded emulator at {running.aws_url}")
    print(f"API on {running.api_url.replace('127.0.0.1', 'localhost')}, documentation on its /docs; Ctrl-C ends both", flush=True)


if __name__ == "__main__":
    main()
