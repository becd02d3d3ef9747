"""README.md is correct: its sessions are executed, line by line, against a served API."""

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

from localdev.deployment import LocalDeployment, start_local_deployment
from localdev.network import free_port
from localdev.paths import ROOT
from tests.support.doc_sessions import find_sessions
from tests.support.terminal import run_in_terminal

pytestmark = pytest.mark.self_contained

README = (ROOT / "README.md").read_text()
BIN = str(Path(sys.executable).parent)


@pytest.fixture(scope="module")
def served() -> Iterator[LocalDeployment]:
    with start_local_deployment(ROOT / "data") as running:
        yield running


def shell(command: str, served: LocalDeployment, folder: Path, **more: str) -> str:
    """Run a command and return its output; that of `dataops` is that on a terminal."""
    environment = {
        **os.environ,
        **served.environment,
        "DATAOPS_URL": served.api_url,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        **more,
    }
    environment.pop("COLUMNS", None)  # set by pytest-xdist
    environment["XDG_CONFIG_HOME"] = str(folder / "configuration")
    if command.startswith("dataops "):
        shown, code = run_in_terminal(["bash", "-ec", command], folder, environment=environment)
        assert code == 0, shown.lines()
        return "".join(f"{line}\n" for line in shown.lines())
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
def chalice_local(served: LocalDeployment, port: int) -> Iterator[None]:
    """Run `chalice local` as the README does, on a free port."""
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


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is missing; on Debian: apt-get install curl"
)
def test_the_sessions_print_the_output_that_the_readme_shows(
    served: LocalDeployment, tmp_path: Path
) -> None:
    _, with_command, with_chalice = find_sessions(README)
    for command in with_command:
        if not command.text.startswith("export"):
            assert shell(command.text, served, tmp_path).strip() == command.output
    port = free_port()
    with chalice_local(served, port):
        for command in with_chalice:
            text = command.text.replace("8001", str(port))
            if text.startswith("curl") or (text.startswith("aws") and shutil.which("aws")):
                assert shell(text, served, tmp_path).strip() == command.output


DOCS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "client" / "README.md",
    ROOT / "data" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def headings(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub forms them."""
    text = page.read_text()
    if included := re.match(r"```\{include\} (\S+)", text):
        text = (page.parent / included[1]).read_text()
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_make_target_named_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in DOCS:
        named = set(re.findall(r"`(?:\w+=\S+ )*make ([a-z-]+)", page.read_text()))
        assert named <= targets, page.name


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_the_docs_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


@pytest.mark.parametrize(
    "page",
    [page for page in DOCS if page.name != "CHANGELOG.md"],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_path_of_the_repository_named_in_the_docs_exists(page: Path) -> None:
    folders = "bench|chalicelib|client|deploy|docs|localdev|scripts|server|tests"
    paths = re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text())
    generated = ("bench/results/",)
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert [path for path in missing if not path.startswith(generated)] == []
