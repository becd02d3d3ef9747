"""Client without the extra `[ml]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dataops_client.ml
import pytest

WITHOUT_THE_EXTRA = """
import sys
from pathlib import Path
sys.modules.update(dict.fromkeys(['numpy', 'pyarrow', 'ase', 'matplotlib', 'scipy']))
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(Path(dataops_client.ml.__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA + code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_commands_can_be_imported_without_the_extra() -> None:
    done = run("import dataops_client.cli.training")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "code",
    [
        "from dataops_client.ml import load_sub_run",
        "from dataops_client.cli.training import export; export(Path('.'))",
        "from dataops_client.cli.training import plot; plot(Path('.'))",
    ],
)
def test_the_error_without_the_extra_contains_the_install_command(code: str) -> None:
    done = run(code)
    assert done.returncode != 0
    assert "MissingDependency" in done.stderr
    assert "pip install './client[ml]'" in done.stderr


def test_every_public_name_can_be_imported() -> None:
    assert all(callable(getattr(dataops_client.ml, name)) for name in dataops_client.ml.__all__)


def test_other_names_cannot_be_imported() -> None:
    with pytest.raises(AttributeError, match="load_everything"):
        _ = dataops_client.ml.load_everything


def test_completion_offers_the_public_names_only() -> None:
    assert dir(dataops_client.ml) == sorted(dataops_client.ml.__all__)


def test_a_missing_folder_is_reported_before_a_missing_package() -> None:
    done = run(
        "from dataops_client.cli.app import app; app(['export', '/nonexistent'], "
        "standalone_mode=True)"
    )
    assert done.returncode == 2
    assert "/nonexistent" in done.stderr
    assert "does not exist" in done.stderr
