"""What the durable Compose file must hold: data on volumes, no secrets of its own, nothing open to the network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from localdev.paths import ROOT

_TEXT = (ROOT / "deploy/docker-compose.durable.yml").read_text()
_FILE: dict[str, Any] = yaml.safe_load(_TEXT)
_SERVICES: dict[str, dict[str, Any]] = _FILE["services"]
_DOCS = (ROOT / "docs" / "self-hosting.md").read_text()

each_service = pytest.mark.parametrize("name", _SERVICES)


@each_service
def test_what_is_published_listens_on_the_loopback_address(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in _SERVICES[name].get("ports", []))


def test_dynalite_is_not_published_and_is_told_whose_signatures_are_good() -> None:
    assert "ports" not in _SERVICES["dynalite"]
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= _SERVICES["dynalite"][
        "environment"
    ].keys()


@each_service
def test_every_service_comes_back_and_is_checked(name: str) -> None:
    assert _SERVICES[name]["restart"] == "unless-stopped"
    assert _SERVICES[name]["init"] is True
    assert _SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize(("name", "volume"), [("seaweedfs", "objects"), ("dynalite", "runs")])
def test_data_lies_on_named_volumes_where_the_images_keep_it(name: str, volume: str) -> None:
    assert _SERVICES[name]["volumes"] == [f"{volume}:/data"]
    assert volume in _FILE["volumes"]
    dockerfile = (ROOT / _SERVICES[name]["build"]["dockerfile"]).read_text()
    start = (
        ROOT
        / "deploy"
        / {"seaweedfs": "seaweedfs/start.sh", "dynalite": "dynalite/server.js"}[name]
    )
    assert re.search(r"-dir=/data |path: '/data'", start.read_text())
    assert "USER 1000:1000" in dockerfile


def test_credentials_must_be_given_and_tokens_are_asked_for() -> None:
    for name in ("DATAOPS_ACCESS_KEY", "DATAOPS_SECRET_KEY"):
        assert re.search(rf"\$\{{{name}:\?[^}}]*docs/self-hosting.md\}}", _TEXT)
    assert _SERVICES["dataops-api"]["environment"]["AUTH"] == "${AUTH:-token}"


def test_what_is_installed_is_pinned_with_its_hashes() -> None:
    lock = json.loads((ROOT / "deploy" / "dynalite" / "package-lock.json").read_text())
    asked = json.loads((ROOT / "deploy" / "dynalite" / "package.json").read_text())["dependencies"]
    assert lock["packages"]["node_modules/dynalite"]["version"] == asked["dynalite"]
    assert all(
        package.get("integrity", "").startswith("sha512-")
        for path, package in lock["packages"].items()
        if path
    )
    assert "npm ci" in (ROOT / "deploy" / "dynalite.Dockerfile").read_text()
    for name in ("seaweedfs", "dynalite"):
        assert "--require-hashes" in (ROOT / "deploy" / f"{name}.Dockerfile").read_text()


def run_synced(folder: Path, methods: str) -> subprocess.CompletedProcess[str]:
    """`synced.js` in front of a LevelDB of these methods, which tells the options of its writes."""
    if not (node := shutil.which("node")):
        pytest.skip("dynalite's part is JavaScript: on Debian, apt-get install nodejs")
    library = folder / "classic-level"
    library.mkdir()
    (library / "index.js").write_text(f"exports.ClassicLevel = class {{ {methods} }}")
    script = """
        const { ClassicLevel } = require('classic-level'), level = new ClassicLevel()
        console.log(JSON.stringify([level._put('k', 'v', {a: 1}), level._del('k', {}), level._batch([1], {sync: false})]))
    """
    command = [node, "--require", str(ROOT / "deploy" / "dynalite" / "synced.js"), "-e", script]
    return subprocess.run(
        command, env={"NODE_PATH": str(folder)}, capture_output=True, text=True, check=False
    )


def test_what_dynalite_writes_is_on_the_disk_before_it_is_answered(tmp_path: Path) -> None:
    done = run_synced(
        tmp_path,
        "_put(...given) { return given } _del(...given) { return given } _batch(...given) { return given }",
    )
    assert json.loads(done.stdout) == [
        ["k", "v", {"a": 1, "sync": True}],
        ["k", {"sync": True}],
        [[1], {"sync": True}],
    ]
    server = (ROOT / "deploy" / "dynalite" / "server.js").read_text()
    assert 0 < server.index("require('./synced.js')") < server.index("require('dynalite')")


def test_a_leveldb_that_is_written_to_in_another_way_does_not_start(tmp_path: Path) -> None:
    done = run_synced(tmp_path, "_put() {} _del() {}")
    assert done.returncode != 0
    assert "has no _batch any more" in done.stderr


def test_links_hold_behind_proxies_of_any_kind() -> None:
    """SeaweedFS checks a signature with the address it was made for, not only with the Host that a proxy passed on."""
    public = _SERVICES["dataops-api"]["environment"]["S3_PUBLIC_ENDPOINT"]
    assert _SERVICES["seaweedfs"]["environment"]["S3_EXTERNAL_URL"] == public


def test_the_env_that_the_docs_make_holds_the_secret_for_its_owner_alone(tmp_path: Path) -> None:
    (commands,) = re.findall(r"^install -m 600 .*?^END$", _DOCS, re.MULTILINE | re.DOTALL)
    subprocess.run(["bash", "-euc", f"umask 022; {commands}"], cwd=tmp_path, check=True)
    made = tmp_path / ".env"
    assert made.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(
        r"DATAOPS_ACCESS_KEY=\w+\nDATAOPS_SECRET_KEY=[0-9a-f]{48}\nDATA_DIR=/.+\n", made.read_text()
    )


def test_every_variable_is_in_the_docs_and_no_other() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", _TEXT))
    rows = "\n".join(line for line in _DOCS.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([A-Z0-9_]+)`", rows.replace("none: must be there", ""))) == used
