"""Who works on a file of a folder that several machines share: its name says so, and nothing is locked.

<host>-<pid>-<token>    a process, by its machine and number; the token tells apart its files, and processes of the same number
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from functools import cache
from hashlib import sha256
from pathlib import Path

_STALE_SECONDS = 3600
"""How long a file must not have changed before its owner counts as dead where nobody can ask for it."""
_PROCESS = uuid.uuid4().hex[:8]
"""Tells this process from an earlier one of the same number, as restarted containers have."""


def new_owner_id() -> str:
    """A name that this process has given to nothing yet."""
    return f"{_host_id()}-{os.getpid()}-{_PROCESS}{uuid.uuid4().hex[:8]}"


def orphan_id() -> str:
    """A name for what is left behind."""
    return uuid.uuid4().hex[:12]


def is_orphaned(name: str, path: Path) -> bool:
    """Whether nobody works on the file: nobody's name is on it, or that of a process that is gone, or that of one that rests.

    False where the file is not there any more.
    """
    owner = name.split("-")
    if len(owner) != 3:
        return True
    here, pid, token = owner
    if here == _host_id() and pid == str(os.getpid()):
        return not token.startswith(_PROCESS)
    if here == _host_id() and os.name == "posix" and not _process_exists(pid):
        return True
    try:  # by the hour also where the number lives: it may be another's by now
        return time.time() - path.stat().st_mtime > _STALE_SECONDS
    except FileNotFoundError:
        return False


@cache
def _host_id() -> str:
    """The machine, and where processes are numbered there: containers of one machine may share its name and not its processes."""
    try:
        numbering = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - what it says is no path
    except OSError:
        numbering = ""
    return sha256(f"{socket.gethostname()} {numbering}".encode()).hexdigest()[:8]


def _process_exists(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
