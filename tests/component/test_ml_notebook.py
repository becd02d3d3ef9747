"""client/examples/first_model.ipynb, executed from beginning to end on the sample."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from localdev.paths import ROOT
from tests.support.sample_tree import write_sample_tree

NOTEBOOK = ROOT / "client" / "examples" / "first_model.ipynb"


def read_notebook() -> Any:
    return nbformat.reads(NOTEBOOK.read_text(), as_version=4)  # type: ignore[no-untyped-call]


def test_the_notebook_runs_and_shows_a_model_better_than_the_distance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    assert KernelSpecManager().get_kernel_spec("python3").argv[0] in ("python", sys.executable)
    write_sample_tree(tmp_path / "data")
    notebook = read_notebook()
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "SubRun(Zr49Cu49Al2/21/0, DONE" in code[0].outputs[0].data["text/plain"]
    assert "<caption>Zr49Cu49Al2/21/0</caption>" in code[0].outputs[0].data["text/html"]
    printed = code[-1].outputs[0].data["text/plain"].splitlines()[:3]
    spread, by_distance, by_type = (float(line.split()[-1]) for line in printed)
    assert by_type < 0.5 * by_distance < 0.5 * spread


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = read_notebook()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
