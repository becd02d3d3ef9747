"""Ownership of part files in folders that several machines share.

The owner is part of the file name, `<host>-<pid>-<token>`. Locks are not used.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from functools import cache
from hashlib import sha256
from pathlib import Path

_MAX_IDLE_SECONDS = 3600
_PROCESS_TOKEN = uuid.uuid4().hex[:8]
"""Distinguishes this process from an earlier one of the same PID, as in a restarted container."""


def new_owner_id() -> str:
    """Return an owner id of this process that is used for one file only."""
    return f"{_host_id()}-{os.getpid()}-{_PROCESS_TOKEN}{uuid.uuid4().hex[:8]}"


def disown(path: Path) -> None:
    """Make the file orphaned for all processes, by a time of change in the past."""
    os.utime(path, (0, 0))


def is_orphaned(owner_id: str, path: Path) -> bool:
    """Return True if the owner of the file is dead, or the file has been idle for over an hour.

    Idle files are orphaned even if a process of this PID exists, because PIDs are reused. Return
    False if the file does not exist any more.
    """
    try:
        is_idle = time.time() - path.stat().st_mtime > _MAX_IDLE_SECONDS
    except FileNotFoundError:
        return False
    host, pid, token = (*owner_id.split("-"), "", "")[:3]
    if is_idle or host != _host_id():
        return is_idle
    if pid == str(os.getpid()):
        return not token.startswith(_PROCESS_TOKEN)
    return os.name == "posix" and not _process_exists(pid)


@cache
def _host_id() -> str:
    """Return an id of the machine and its PID namespace: containers may share a host name."""
    try:
        pid_namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - the target is not a path
    except OSError:
        pid_namespace = ""
    return sha256(f"{socket.gethostname()} {pid_namespace}".encode()).hexdigest()[:8]


def _process_exists(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    return True
