"""Run 21 of the published data set, which is not in this repository.

REAL_DATA names the folder with its archive.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

RUN_21 = Path(os.environ.get("REAL_DATA") or "REAL_DATA-is-not-set") / "Zr49Cu49Al2-run21.zip"

needs_run_21 = pytest.mark.skipif(
    not RUN_21.is_file(),
    reason="real data are missing: set REAL_DATA to the folder with Zr49Cu49Al2-run21.zip",
)
