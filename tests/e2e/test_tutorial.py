"""Tutorial, examples and Python code of the guide to training, executed on the sample."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.deployment import start_local_deployment
from localdev.paths import ROOT
from tests.support.doc_sessions import Command, find_commands, matches, run_commands
from tests.support.sample_tree import write_sample_tree

pytestmark = pytest.mark.self_contained

TWO_CELLS = [
    "dataops run Zr49Cu49Al2 --augment -o data",
    "dataops run Zr50Cu40Al10 --augment -o data",
]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Serve the sample, with nothing scheduled, and return the environment of a shell."""
    with start_local_deployment(ROOT / "data", job_run_time_seconds=1) as served:
        names = {
            **os.environ,
            "DATAOPS_URL": served.api_url,
            "CLONE": str(ROOT),
            "HOME": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        names.pop("COLUMNS", None)  # set by pytest-xdist
        yield names


def test_the_tutorial_leads_to_a_fitted_model(tmp_path: Path, environment: dict[str, str]) -> None:
    commands = find_commands((ROOT / "docs" / "tutorial.md").read_text())
    assert [command.text for command in commands[:2]] == TWO_CELLS
    for command, output in run_commands(commands, environment, tmp_path):
        assert matches(command.output, output), (command.text, output)
    assert (tmp_path / "bonds.png").is_file()


def test_the_instructions_of_the_examples_work(tmp_path: Path, environment: dict[str, str]) -> None:
    text = (ROOT / "client" / "examples" / "train.py").read_text()
    commands = re.findall(r"^#     (\S.*)$", text, re.MULTILINE)
    assert commands[:2] == TWO_CELLS
    notebook = (ROOT / "client" / "examples" / "first_model.ipynb").read_text()
    assert [command for command in commands if command in notebook] == TWO_CELLS
    run = run_commands([Command(command, "") for command in commands], environment, tmp_path)
    assert "Zr-Zr          258       195" in run[-1][1]


def test_the_code_of_the_guide_to_training_runs(tmp_path: Path) -> None:
    write_sample_tree(tmp_path / "data")
    command = Path(sys.executable).parent / "dataops"
    export = [str(command), "export", "data", "-o", "frames.extxyz"]
    subprocess.run(export, cwd=tmp_path, check=True, capture_output=True)
    guide = (ROOT / "docs" / "how-to" / "train.md").read_text()
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", guide, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for indent, block in blocks:
        code = re.sub(f"^{indent}", "", block, flags=re.MULTILINE)
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
