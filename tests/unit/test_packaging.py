"""What may be packaged, and what a package must and must not hold."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from localdev.paths import ROOT
from scripts.build_lambda_package import PackageError, require_authentication
from scripts.lambda_package_content import MAX_ZIP_BYTES, find_missing, find_unexpected

REQUIREMENTS = "isal==1.9.1 --hash=sha256:0\nmsgspec==0.22.0 --hash=sha256:0\n"
GOOD = {
    "app.py": b"",
    "chalice/app.py": b"",
    "chalicelib/routes/runs.py": b"",
    "chalicelib/static/page/app.js": b"",
    "isal/isal_zlib.cpython-313-x86_64-linux-gnu.so": b"",
    "isal-1.9.1.dist-info/METADATA": b"",
    "obstore/_obstore.abi3.so": b"\x7fELF".ljust(18, b"\0") + b"\x3e\0",
    "msgspec-0.22.0.dist-info/licenses/LICENSE": b"",
}


def packed(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "deployment.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(REQUIREMENTS)
    return path


def test_a_package_of_runtime_files_is_valid(tmp_path: Path, requirements: Path) -> None:
    package = packed(tmp_path, GOOD)
    assert [*find_unexpected(package), *find_missing(package, requirements, "x86_64")] == []


@pytest.mark.parametrize(
    "name",
    [
        "chalicelib/.env",
        "chalicelib/__pycache__/app.cpython-313.pyc",
        "tests/test_x.py",
        "chalicelib/key.pem",
        "Makefile",
        "pip/app.py",
    ],
)
def test_unexpected_files_are_reported(tmp_path: Path, name: str) -> None:
    assert any(
        repr(name) in finding for finding in find_unexpected(packed(tmp_path, GOOD | {name: b""}))
    )


def test_a_package_that_is_too_large_is_named(tmp_path: Path) -> None:
    large = packed(tmp_path, GOOD | {"botocore/cacert.pem": bytes(MAX_ZIP_BYTES + 1)})
    assert any(str(MAX_ZIP_BYTES) in finding for finding in find_unexpected(large))


def test_a_distribution_that_is_not_there_is_named(tmp_path: Path, requirements: Path) -> None:
    package = packed(
        tmp_path,
        {name: content for name, content in GOOD.items() if not name.startswith("msgspec")},
    )
    assert list(find_missing(package, requirements, "x86_64")) == [
        "'msgspec' is pinned, but missing"
    ]


@pytest.mark.parametrize(
    "tag",
    [
        "cpython-311-x86_64-linux-gnu",
        "cpython-313-aarch64-linux-gnu",
        "cpython-313-darwin",
        "abi3",
        "so",
    ],
)
def test_a_module_that_was_compiled_for_something_else_is_named(
    tmp_path: Path, requirements: Path, tag: str
) -> None:
    name = f"msgspec/_core.{tag}.so"
    assert any(
        repr(name) in finding
        for finding in find_missing(packed(tmp_path, GOOD | {name: b""}), requirements, "x86_64")
    )


def config(auth: str | None) -> dict[str, Any]:
    variables = {"AUTH": auth} if auth is not None else {}
    return {
        "stages": {"local": {}, "dev": {"environment_variables": variables, "lambda_functions": {}}}
    }


@pytest.mark.parametrize("auth", ["token", "iam"])
def test_a_stage_that_requires_credentials_is_packaged(auth: str) -> None:
    require_authentication(config(auth), "dev", allow_open=False)


def test_a_stage_that_is_open_to_anybody_is_refused() -> None:
    with pytest.raises(PackageError, match="ANYBODY"):
        require_authentication(config("none"), "dev", allow_open=False)


def test_an_open_stage_is_packaged_with_a_flag_and_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    require_authentication(config("none"), "dev", allow_open=True)
    assert "WARNING" in capsys.readouterr().err


@pytest.mark.parametrize("auth", [None, "", "tokn", "NONE"])
def test_a_stage_without_a_mode_is_refused_with_and_without_the_flag(auth: str | None) -> None:
    with pytest.raises(PackageError, match="AUTH"):
        require_authentication(config(auth), "dev", allow_open=True)


@pytest.mark.parametrize("stage", ["local", "staging"])
def test_only_deployed_stages_are_packaged(stage: str) -> None:
    with pytest.raises(PackageError, match="dev"):
        require_authentication(config("token"), stage, allow_open=False)


def test_every_deployed_stage_requires_credentials() -> None:
    stages = json.loads((ROOT / ".chalice" / "config.json").read_text())
    deployed = [
        name for name, settings in stages["stages"].items() if "lambda_functions" in settings
    ]
    assert deployed == ["dev", "prod"]
    for stage in deployed:
        require_authentication(stages, stage, allow_open=False)
