"""The command `dataops` starts without the modules that only some commands need."""

from __future__ import annotations

import json
import subprocess
import sys

UNNEEDED = ("asyncio", "rich", "pydantic", "numpy", "pyarrow", "ase", "matplotlib")


def test_the_command_imports_no_module_that_it_does_not_need() -> None:
    program = "import json, sys, dataops_client.cli.app; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    imported = json.loads(done.stdout)
    assert "dataops_client.cli.app" in imported
    assert [name for name in UNNEEDED if name in imported] == []


def test_names_of_the_package_are_imported_on_first_use() -> None:
    program = "from dataops_client import *; print(AsyncDataOpsClient.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "AsyncDataOpsClient\n"
