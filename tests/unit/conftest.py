"""Guards of the unit level: no socket, no subprocess."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def no_input_or_output(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fail a test that opens a network socket or starts a program.

    Event loops may use Unix sockets.
    """

    def refuse(*arguments: Any, **_: Any) -> None:
        raise AssertionError(f"a unit test starts no program: {arguments[:1]}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
