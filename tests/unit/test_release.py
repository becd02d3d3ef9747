"""The release workflow, and the check of versions before a release."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from chalicelib.version import VERSION
from localdev.paths import ROOT
from scripts import release

WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())


def test_the_commands_of_the_workflow_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    used = {
        target for step in steps for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))
    }
    assert {"release", "release-check"} <= used <= targets


def test_an_image_is_built_for_every_dockerfile() -> None:
    images = WORKFLOW["jobs"]["images"]["strategy"]["matrix"]["image"]
    assert sorted(images) == sorted(path.stem for path in (ROOT / "deploy").glob("*.Dockerfile"))


def test_only_the_job_that_creates_the_release_may_write() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in WORKFLOW["jobs"]["images"]


def test_both_projects_have_the_version_of_a_release() -> None:
    findings = release.find_differences(VERSION)
    assert findings in ([], [f"CHANGELOG.md has no section [{VERSION}]"])


def test_a_tag_of_another_version_is_reported_with_each_difference() -> None:
    findings = release.find_differences("99.0.0")
    assert findings == [
        f"chalicelib/version.py has {VERSION}, not 99.0.0",
        f"client/dataops_client/_version.py has {VERSION}, not 99.0.0",
        "CHANGELOG.md has no section [99.0.0]",
    ]


def test_release_notes_are_the_section_of_the_version(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n- later\n\n## [1.1.0] - 2026-12-01\n### Added\n- this\n\n"
        "## [1.0.0] - 2026-11-01\n- first\n"
    )
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert release.get_notes("1.1.0") == "### Added\n- this"
    assert release.get_notes("1.0.0") == "- first"
    assert release.get_notes("1.1") == ""
