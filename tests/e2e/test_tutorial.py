"""Tutorial and guides of the client are correct: their commands are executed on the sample."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from localdev.deployment import LocalDeployment, start_local_deployment
from localdev.paths import ROOT

pytestmark = pytest.mark.self_contained

DOCS = ROOT / "docs"
BIN = Path(sys.executable).parent
TWO_CELLS = [
    "dataops run Zr49Cu49Al2 --augment --wait -o data",
    "dataops run Zr50Cu40Al10 --augment --wait -o data",
]


@pytest.fixture
def served() -> Iterator[LocalDeployment]:
    """Serve the sample, with nothing scheduled."""
    with start_local_deployment(ROOT / "data", job_run_time_seconds=1) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty folder with the examples where a clone has them."""
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "examples").symlink_to(ROOT / "client" / "examples")
    return tmp_path


def list_blocks(page: Path, language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", page.read_text(), re.M | re.S)
    return [re.sub(rf"^{indent}", "", text, flags=re.M) for indent, text in found]


def list_commands(page: Path) -> list[tuple[str, str]]:
    """Return the commands of a page, each with the output that the page shows."""
    parts = [
        part
        for block in list_blocks(page, "console")
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]
    ]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def run(command: str, served: LocalDeployment, folder: Path) -> str:
    environment = {
        **os.environ,
        "DATAOPS_URL": served.api_url,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "LC_ALL": "C",
    }
    environment.pop("COLUMNS", None)  # set by pytest-xdist
    done = subprocess.run(
        ["bash", "-ec", command],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def assert_shown(command: str, printed: str, shown: str) -> None:
    """Compare lines; a line `...` stands for any lines, and results may differ by rounding."""
    expected = [part.splitlines() for part in re.split(r"^\.\.\.\n", shown, flags=re.M)]
    lines = printed.splitlines()
    if len(expected) == 1:
        assert_equal_lines(command, lines, expected[0])
        return
    assert_equal_lines(command, lines[: len(expected[0])], expected[0])
    assert_equal_lines(command, lines[len(lines) - len(expected[-1]) :], expected[-1])
    rest = "\n".join(lines)
    for part in expected[1:-1]:
        assert "\n".join(part) in rest, f"{command}: {printed}"


def assert_equal_lines(command: str, lines: list[str], expected: list[str]) -> None:
    for line, wanted in zip_longest(lines, expected, fillvalue=""):
        words, wanted_words = line.split(), wanted.split()
        same = len(words) == len(wanted_words) and all(
            is_equal(word, other) for word, other in zip(words, wanted_words, strict=True)
        )
        assert same, f"{command}: {line!r} instead of {wanted!r}"


def is_equal(word: str, wanted: str) -> bool:
    if word == wanted or not re.fullmatch(r"\d+\.\d+", wanted):
        return word == wanted
    return bool(float(word) == pytest.approx(float(wanted), rel=0.1, abs=0.0003))


def execute(page: str, served: LocalDeployment, folder: Path) -> None:
    for command, shown in list_commands(DOCS / page):
        assert_shown(command, run(command, served, folder), shown)


def test_the_tutorial_leads_to_a_fitted_model(served: LocalDeployment, folder: Path) -> None:
    execute("tutorial.md", served, folder)
    assert (folder / "bonds.png").is_file()


def test_the_guide_to_training_is_correct(served: LocalDeployment, folder: Path) -> None:
    for command in TWO_CELLS:
        run(command, served, folder)
    execute("how-to/train.md", served, folder)
    for code in list_blocks(DOCS / "how-to" / "train.md", "python"):
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)


def test_the_guide_to_selections_is_correct(served: LocalDeployment, folder: Path) -> None:
    run("dataops generate Zr49Cu49Al2 && dataops augment Zr49Cu49Al2 21", served, folder)
    execute("how-to/download-a-selection.md", served, folder)
    outputs = list((folder / "outputs").rglob("*"))
    assert {path.suffix for path in outputs if path.is_file()} == {".out", ".json"}


def test_the_instructions_of_the_examples_work(served: LocalDeployment, folder: Path) -> None:
    text = (ROOT / "client" / "examples" / "train.py").read_text()
    commands = re.findall(r"^#     (\S.*)$", text, re.M)
    assert [command.split()[0] for command in commands] == ["dataops"] * 3 + ["python"]
    notebook = (ROOT / "client" / "examples" / "first_model.ipynb").read_text()
    assert [command for command in commands if command in notebook] == TWO_CELLS == commands[:2]
    printed = [run(command, served, folder) for command in commands]
    assert "Zr-Zr          258       195" in printed[-1]
