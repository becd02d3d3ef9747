"""Downloads and unsafe archives on Python 3.13."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from localdev.paths import BACKENDS, ROOT

_PYTHON = BACKENDS / "bin" / "python"


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        "unit/test_client_archive.py",
        "component/test_client_transfer.py",
        "component/test_client_part_files.py",
    ],
)
def test_the_client_tests_pass_on_python_3_13(module: str) -> None:
    if not _PYTHON.exists():
        pytest.skip("Python 3.13 for this: make install-backends")
    command: list[str | Path] = [
        _PYTHON,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--noconftest",
        "-c",
        os.devnull,
        "-o",
        "markers=slow",
        "-m",
        "not slow",
    ]
    command += [
        f"--rootdir={ROOT}",
        "--import-mode=importlib",
        "-W",
        "error",
        ROOT / "tests" / module,
    ]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'client'}"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
