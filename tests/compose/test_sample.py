"""docker-compose.yml, run for real: it ends with the extracted files in ./client_output."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from localdev.paths import ROOT
from tests.support.compose import Project, needs_compose
from tests.support.expected_files import extracted_files, sub_run_files

pytestmark = needs_compose


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Copy the tracked and new files, without the published ports, which may be in use."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(
        listed, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    file = tmp_path / "docker-compose.yml"
    content = yaml.safe_load(file.read_text())
    for service in content["services"].values():
        service.pop("ports", None)
    file.write_text(yaml.safe_dump(content))
    project = Project(tmp_path, file.name, {})
    try:
        yield project
    finally:
        project.remove()


def test_compose_up_extracts_every_file_of_the_sample(project: Project, tmp_path: Path) -> None:
    project.run("up", "--build", "--abort-on-container-exit", "--exit-code-from", "data-client")
    assert extracted_files(tmp_path / "client_output") == sub_run_files(ROOT / "data")
