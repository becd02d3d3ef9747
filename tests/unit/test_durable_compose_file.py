"""What the durable Compose file must hold: data on volumes, no secrets of its own, nothing open to the network."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tools.lifeline import ROOT

_TEXT = (ROOT / "docker-compose.durable.yml").read_text()
_FILE: dict[str, Any] = yaml.safe_load(_TEXT)
_SERVICES: dict[str, dict[str, Any]] = _FILE["services"]
_DOCS = (ROOT / "docs" / "self-hosting.md").read_text()

each_service = pytest.mark.parametrize("name", _SERVICES)


@each_service
def test_what_is_published_listens_on_the_loopback_address(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in _SERVICES[name].get("ports", []))


def test_dynalite_which_asks_nobody_is_not_published() -> None:
    assert "ports" not in _SERVICES["dynalite"]


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
    assert re.search(r'"(?:-dir=/data|--path", "/data)"', dockerfile)
    assert "USER 1000:1000" in dockerfile


def test_credentials_must_be_given_and_tokens_are_asked_for() -> None:
    for name in ("DATAOPS_ACCESS_KEY", "DATAOPS_SECRET_KEY"):
        assert re.search(rf"\$\{{{name}:\?[^}}]*docs/self-hosting.md\}}", _TEXT)
    assert _SERVICES["dataops-api"]["environment"]["AUTH"] == "${AUTH:-token}"


def test_what_is_installed_is_pinned_with_its_hashes() -> None:
    lock = json.loads((ROOT / "docker" / "dynalite" / "package-lock.json").read_text())
    asked = json.loads((ROOT / "docker" / "dynalite" / "package.json").read_text())["dependencies"]
    assert lock["packages"]["node_modules/dynalite"]["version"] == asked["dynalite"]
    assert all(package.get("integrity", "").startswith("sha512-") for path, package in lock["packages"].items() if path)
    assert "npm ci" in (ROOT / "docker" / "dynalite.Dockerfile").read_text()
    assert "--require-hashes" in (ROOT / "docker" / "seaweedfs.Dockerfile").read_text()


def test_every_variable_is_in_the_docs_and_no_other() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", _TEXT))
    rows = "\n".join(line for line in _DOCS.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([A-Z0-9_]+)`", rows.replace("none: must be there", ""))) == used
