"""The console sessions of the documentation print what the pages show, on the sample."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from localdev.deployment import start_local_deployment
from localdev.paths import ROOT
from tests.support.doc_sessions import Command, find_commands, matches, run_commands

DOCS = ROOT / "docs"
OTHERS = {"how-to/deploy-on-aws.md", "tutorial.md"}
"""Pages whose sessions other tests run: tests/e2e/deployment/test_guide.py, test_tutorial.py."""

SETTINGS = {"how-to/tokens.md": {"AUTH": "token"}}
"""Settings of the API for a page."""

PAGES = sorted(
    name
    for page in DOCS.rglob("*.md")
    if "```console" in page.read_text()
    and (name := page.relative_to(DOCS).as_posix()) not in OTHERS
)
pytestmark = [
    pytest.mark.self_contained,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing"),
]


@pytest.mark.parametrize("page", PAGES)
def test_the_sessions_of_a_page_print_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SETTINGS.get(page, {}).items():
        monkeypatch.setenv(name, value)
    commands = find_commands((DOCS / page).read_text())
    assert commands
    with start_local_deployment(ROOT / "data", job_run_time_seconds=0) as served:
        environment = {
            **os.environ,
            **served.environment,
            "DATAOPS_URL": served.api_url,
            "HOME": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        environment.pop("COLUMNS", None)  # set by pytest-xdist
        results = run_commands(commands, environment, tmp_path)
    for command, output in results:
        assert matches(command.output, output), (command.text, output)


def test_a_command_ends_with_its_here_document_or_its_last_continued_line() -> None:
    page = "```console\n$ cat <<END\na\nEND\n$ b\n$ echo c \\\n    d\nc d\n```\n"
    assert find_commands(page) == [
        Command("cat <<END\na\nEND", ""),
        Command("b", ""),
        Command("echo c \\\n    d", "c d"),
    ]


@pytest.mark.parametrize(
    ("shown", "output", "same"),
    [
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("dataops_...", "dataops_x", True),
        ("a\n...", "a", True),
        ("...\na", "a", True),
        ("a\n...", "ab", False),
        ("a", "ab", False),
        ("name   scopes", "name\tscopes", True),
        ("...b", "a", False),
    ],
)
def test_three_dots_match_any_output_and_blanks_any_blanks(
    shown: str, output: str, same: bool
) -> None:
    assert matches(shown, output) is same
