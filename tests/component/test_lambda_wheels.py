"""Wheels of the Lambda package, which pip fetches for Python 3.13 on Amazon Linux."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.build_lambda_package import PackageError, fetch_wheels


def test_a_distribution_without_a_wheel_for_lambda_is_an_error(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"netifaces==0.11.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackageError, match="No matching distribution"):
        fetch_wheels(requirements, tmp_path / "vendor", "arm64")
    assert not (tmp_path / "vendor").exists() or not list((tmp_path / "vendor").iterdir())
