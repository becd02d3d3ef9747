"""What README.md shows is what happens: its sessions are run, line by line, against a served API."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localdev.deployment import Stack, stack
from localdev.network import free_port
from localdev.paths import ROOT

pytestmark = pytest.mark.own_stores

README = (ROOT / "README.md").read_text()
BIN = str(Path(sys.executable).parent)


def sessions(text: str) -> list[list[tuple[str, str]]]:
    """The ```console blocks, as pairs of a command and what it prints."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        found.append(
            [(command, output) for command, _, output in (part.partition("\n") for part in parts)]
        )
    return found


@pytest.fixture(scope="module")
def served() -> Iterator[Stack]:
    with stack(ROOT / "data") as running:
        yield running


def shell(command: str, served: Stack, folder: Path, **more: str) -> str:
    environment = {
        **os.environ,
        **served.environment,
        "DATAOPS_URL": served.api_url,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        **more,
    }
    environment.pop("COLUMNS", None)  # of the terminal that pytest-xdist believes in
    done = subprocess.run(
        ["bash", "-ec", command],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@contextmanager
def chalice_local(served: Stack, port: int) -> Iterator[None]:
    """Plain `chalice local`, as the README starts it, on a free port."""
    environment = {**os.environ, **served.environment}
    command = [
        f"{BIN}/chalice",
        "local",
        "--stage",
        "local",
        "--no-autoreload",
        "--port",
        str(port),
    ]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert any("Serving on" in line for line in process.stdout)
            yield
        finally:
            process.terminate()


def test_the_sessions_with_the_command_and_with_plain_chalice_print_what_the_readme_shows(
    served: Stack, tmp_path: Path
) -> None:
    _, with_command, with_chalice = sessions(README)
    for command, output in with_command:
        if not command.startswith("export"):
            assert shell(command, served, tmp_path) == output
    port = free_port()
    with chalice_local(served, port):
        for command, output in with_chalice:
            if command.startswith("curl"):
                assert (
                    shell(command.replace("8001", str(port)), served, tmp_path).strip()
                    == output.strip()
                )
            elif command.startswith("aws") and shutil.which("aws"):
                assert shell(command, served, tmp_path) == output


def test_every_make_target_that_the_docs_name_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ):
        named = set(re.findall(r"`(?:\w+=\S+ )*make ([a-z-]+)", page.read_text()))
        assert named <= targets, page.name


def test_every_setting_is_in_the_readme() -> None:
    settings = set(
        re.findall(
            r'(?:text|required|number)\("([A-Z0-9_]+)"',
            (ROOT / "chalicelib" / "settings.py").read_text(),
        )
    )
    known = {
        name
        for name in settings
        if name in README
        or name.startswith(("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"))
    }
    assert settings == known


def test_the_readme_links_to_files_that_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
