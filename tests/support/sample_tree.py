"""Sample data as the client extracts them."""

from __future__ import annotations

from pathlib import Path

from localdev.paths import ROOT
from tests.support.expected_files import sub_run_files


def write_sample_tree(folder: Path) -> Path:
    """Write the files of all sub-runs to `folder/<nc>/<id_run>/<sub_run>/`."""
    for name, content in sub_run_files(ROOT / "data").items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
