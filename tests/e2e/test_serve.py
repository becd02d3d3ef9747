"""`make serve` and `make env`.

An API that runs until it is terminated, and the environment of its stores.
"""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localdev.network import free_port
from localdev.paths import ROOT

pytestmark = pytest.mark.self_contained


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "localdev.serve", *arguments]


@contextmanager
def serving(port: int) -> Iterator[subprocess.Popen[str]]:
    """Start a service, and wait until it has announced itself."""
    with subprocess.Popen(
        command("--port", str(port)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert any("API on" in line for line in process.stdout)
            yield process
        finally:
            process.terminate()


def environment(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("--environment", "--port", str(port)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_serves_until_terminated_and_prints_its_environment() -> None:
    port = free_port()
    with serving(port) as process:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as response:
            assert response.status == 200
        printed = environment(port).stdout
        store = int(printed.split("AWS_ENDPOINT_URL=http://127.0.0.1:")[1].split()[0])
        assert "export RUN_TABLE=dataops-runs\n" in printed
        assert listens(store)

        second = subprocess.run(
            command("--port", str(port)), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in second.stderr
        assert f"PORT={port + 1} make serve" in second.stderr
        assert "Traceback" not in second.stderr
        assert environment(port).stdout == printed, (
            "a second service that cannot start leaves the first one's environment"
        )

        process.send_signal(signal.SIGTERM)
        assert process.stdout
        assert process.stdout.read().splitlines()[-1] == "stopped"
        assert process.wait(30) == 0
    assert not listens(port)
    assert not listens(store)
    assert environment(port).returncode == 1


def test_ctrl_c_in_a_terminal_ends_it_without_an_error() -> None:
    terminal, of_the_process = pty.openpty()
    in_terminal = "import os, sys; os.login_tty(0); os.execvp(sys.argv[1], sys.argv[1:])"
    # What the stamp stands for is installed: this runs in it.
    make = ["make", "--old-file=.venv/.run", "serve", f"PORT={free_port()}"]
    outside_of_make = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    with subprocess.Popen(
        [sys.executable, "-c", in_terminal, *make],
        cwd=ROOT,
        stdin=of_the_process,
        env=outside_of_make,
    ) as process:
        os.close(of_the_process)
        shown = ""
        try:
            while "Ctrl-C ends both" not in shown:
                shown += _read(terminal)
                assert process.poll() is None, shown
            os.write(terminal, b"\x03")
            while piece := _read(terminal):
                shown += piece
            assert process.wait(30) == 0, shown
        finally:
            process.kill()
            os.close(terminal)
    first, second, *rest = shown.replace("^C", "").splitlines()
    assert "files loaded" in first
    assert "API on" in second
    assert [line for line in rest if line] == ["stopped"]


def _read(terminal: int) -> str:
    """Return the next output of a terminal, or nothing once all its processes have ended."""
    try:
        return os.read(terminal, 65536).decode()
    except OSError:  # how Linux reports it
        return ""


def test_the_environment_of_an_ended_service_is_not_reused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as successor:
        port = successor.getsockname()[1]
        left = ROOT / ".local" / f"serve-{port}.env"
        left.parent.mkdir(exist_ok=True)
        left.write_text("export RUN_TABLE=of-the-one-that-ended\n")
        try:
            printed = environment(port)
        finally:
            left.unlink()
    assert (printed.returncode, printed.stdout) == (1, "")
    assert f"no service is running on port {port}" in printed.stderr


def test_a_folder_without_compositions_is_not_served(tmp_path: Path) -> None:
    given = {**os.environ, "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        command("--port", str(free_port())),
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "contains no compositions" in done.stderr


def test_nothing_of_it_outlives_a_kill() -> None:
    port = free_port()
    with serving(port) as process:
        process.kill()
        process.wait(30)
        assert process.stdout
        process.stdout.read()  # the emulator and the API log to it too: it ends when they have
        assert not listens(port)
    assert environment(port).returncode == 1, (
        "what it left behind is not taken for a running service"
    )
    (ROOT / ".local" / f"serve-{port}.env").unlink()
