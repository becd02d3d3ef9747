"""Files that accompany the training table, read by other programs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from dataops_client.ml import export_bonds

from tests.support.sub_run_files import NC, write_sub_run


def test_sha256sum_checks_the_source_files_and_returns_the_content_id(tmp_path: Path) -> None:
    if not (sha256sum := shutil.which("sha256sum")):
        pytest.skip("sha256sum of coreutils is missing")
    folder = write_sub_run(tmp_path / "data" / NC / "21" / "0")
    export_bonds(tmp_path / "data", tmp_path / "b.csv")
    manifest = "b.csv.manifest-sha256.txt"
    check = [sha256sum, "--check", "--strict", "--quiet", manifest]
    subprocess.run(check, cwd=tmp_path, check=True)
    printed = subprocess.run(
        [sha256sum, manifest], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert printed.stdout.split()[0] in (tmp_path / "b.csv.report.json").read_text()
    (folder / "ICOHPLIST.lobster").write_text("changed")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1
