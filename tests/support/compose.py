"""Compose files, run under their own project name by the command COMPOSE."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from localdev.aws_environment import environment_without_aws

COMPOSE = os.environ.get("COMPOSE", "")
needs_compose = [
    pytest.mark.skipif(
        not COMPOSE,
        reason="Compose files are run where COMPOSE names the command: make test-compose",
    ),
    pytest.mark.timeout(1500),
]


class Project:
    """A Compose file in `folder`, with containers, volumes and images that are nobody else's."""

    def __init__(self, folder: Path, file: str, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self.environment = {
            **environment_without_aws(),
            "COMPOSE_FILE": file,
            "COMPOSE_PROJECT_NAME": f"dataops{secrets.token_hex(4)}",
            **variables,
        }

    def run(self, *arguments: str) -> str:
        """Run the command and return its standard output."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, (
            f"{' '.join(arguments)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
        return done.stdout

    def attempt(self, *arguments: str, without: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command without variables whose names start with `without`; return its result."""
        environment = {
            name: value
            for name, value in self.environment.items()
            if not (without and name.startswith(without))
        }
        command = [*shlex.split(COMPOSE), *arguments]
        return subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False
        )

    def shell(self, script: str) -> None:
        """Run a script that ends at the first failure."""
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}: {done.stdout[-3000:]}{done.stderr[-3000:]}"

    def remove(self) -> None:
        self.run("down", "-v", "--rmi", "local")
