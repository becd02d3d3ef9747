"""`make serve` and `make env`: an API that stays up until it is told to end, and the environment that leads to its stores."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.ports import free_port
from tools.lifeline import ROOT

pytestmark = pytest.mark.own_stores


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tools.serve", *arguments]


@contextmanager
def serving(port: int) -> Iterator[subprocess.Popen[str]]:
    """A service that has announced itself."""
    with subprocess.Popen(command("--port", str(port)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            assert any("API on" in line for line in process.stdout)
            yield process
        finally:
            process.terminate()


def environment(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command("--environment", "--port", str(port)), cwd=ROOT, capture_output=True, text=True, check=False)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_serves_until_it_is_terminated_and_tells_its_environment_meanwhile() -> None:
    port = free_port()
    with serving(port) as process:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            assert answer.status == 200
        told = environment(port).stdout
        store = int(told.split("AWS_ENDPOINT_URL=http://127.0.0.1:")[1].split()[0])
        assert "export RUN_TABLE=dataops-runs\n" in told
        assert listens(store)

        second = subprocess.run(command("--port", str(port)), cwd=ROOT, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in second.stderr
        assert "Traceback" not in second.stderr
        assert environment(port).stdout == told, "a second service that cannot start leaves the first one's environment"

        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not listens(port)
    assert not listens(store)
    assert environment(port).returncode == 1


def test_nothing_of_it_outlives_a_kill() -> None:
    port = free_port()
    with serving(port) as process:
        process.kill()
        process.wait(30)
        assert process.stdout
        process.stdout.read()  # the emulator and the API log to it too: it ends when they have
        assert not listens(port)
    assert environment(port).returncode == 1, "what it left behind is not taken for a running service"
    (ROOT / ".local" / f"serve-{port}.env").unlink()
