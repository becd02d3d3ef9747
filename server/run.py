"""The self-hosted server: the API under granian, on the stores that the environment selects.

    python -m server.run [--host H] [--port P]

It prints its address once it accepts requests. SIGTERM and SIGINT end it with exit code 0; requests
in progress are completed within 30 s. WEB_WORKERS processes (default 1) with WEB_THREADS threads
each (default 64) serve requests. METRICS_PORT enables metrics in Prometheus format. For
development, `chalice local` works as well.
"""

from __future__ import annotations

import argparse
import atexit
import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from .metrics import record_metrics, serve_metrics

_HEAD_SECONDS = 10
"""Timeout of a request head, and of an idle connection."""

_MAX_HEAD_BYTES = 96 * 1024
_MAX_CONNECTIONS = 2048
_DRAIN_SECONDS = 30
"""Longer than the longest requests (29 s)."""

_LOGGING = {
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 selects a free port")
    arguments = parser.parse_args()
    multiprocessing.set_start_method("spawn")  # forking a process with threads is not safe
    with (
        serve_metrics(arguments.host),
        _reserve_port(arguments.host, arguments.port) as reserved,
    ):
        port = reserved.getsockname()[1]
        server = Granian(
            "server.run:create_worker",
            address=arguments.host,
            port=port,
            interface=Interfaces.ASGINL,
            factory=True,
            workers=_read_count("WEB_WORKERS", 1),
            backpressure=_max_connections(),
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=_HEAD_SECONDS * 1000, max_buffer_size=_MAX_HEAD_BYTES
            ),
            workers_kill_timeout=_DRAIN_SECONDS,
            websockets=False,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
        )
        threading.Thread(target=_announce, args=(arguments.host, port), daemon=True).start()
        server.serve()


def create_worker() -> Callable[..., Any]:
    """Return the application of a worker process, and end that process if the main process ends."""
    from .asgi import create_application  # noqa: PLC0415 - the main process does not need the API

    threading.Thread(target=_end_with_server, name="end-with-server", daemon=True).start()
    # Threads of granian may still call Python, which aborts while the interpreter is finalized.
    atexit.register(os._exit, 0)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    record_metrics()
    return create_application(_read_count("WEB_THREADS", 64))


def _end_with_server() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    # Not SIGTERM: the process that limits the time of a graceful shutdown no longer exists.
    os.kill(os.getpid(), signal.SIGKILL)


def _reserve_port(host: str, port: int) -> socket.socket:
    """Return a socket that reserves the port.

    granian binds with SO_REUSEPORT, which would share the port with another server.
    """
    reserved = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reserved.bind((host, port))
    except OSError as error:
        sys.exit(f"cannot listen on {host}:{port}: {error.strerror}")
    # Set after bind, so that bind fails if another process listens.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return reserved


def _read_count(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not int(text):
        sys.exit(f"invalid {name}={text!r}: expected an integer of at least 1")
    return int(text)


def _max_connections() -> int:
    """Return the number of connections that a worker accepts.

    Half of the file descriptors stay free: without any, granian's accept loop spins.
    """
    wanted = 2 * _MAX_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MAX_CONNECTIONS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(_MAX_CONNECTIONS, max(1, soft // 2))


def _announce(host: str, port: int) -> None:
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    while True:
        try:
            socket.create_connection((local, port), 5).close()
        except OSError:
            time.sleep(0.02)
        else:
            print(f"http://{host}:{port}", flush=True)
            return


if __name__ == "__main__":
    main()
