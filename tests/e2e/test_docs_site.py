"""The documentation site: it builds without a warning, offline, and contains every public name."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
import zlib
from pathlib import Path

import dataops_client
import pytest
from dataops_client import ml

from localdev.paths import ROOT
from scripts.reference_pages import insert_generated_parts

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.self_contained,
    pytest.mark.skipif(
        importlib.util.find_spec("sphinx") is None,
        reason="Sphinx is missing; install it with: make docs",
    ),
]

OPTIONS = ["-W", "--keep-going", "-n", "-q", "-b", "html", "-d"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            *OPTIONS,
            str(folder / "doctrees"),
            "docs",
            str(folder / "html"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


def list_objects(site: Path) -> set[str]:
    """Return the names of the inventory objects.inv, whose body is compressed."""
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(inventory).decode().splitlines()}


def public_names() -> set[str]:
    names = {f"dataops_client.{name}" for name in dataops_client.__all__}
    names |= {f"dataops_client.ml.{name}" for name in ml.__all__}
    for client in (dataops_client.DataOpsClient, dataops_client.AsyncDataOpsClient):
        methods = inspect.getmembers(client, inspect.isroutine)
        names |= {
            f"dataops_client.{client.__name__}.{name}"
            for name, _ in methods
            if not name.startswith("_")
        }
    return names


def test_the_reference_contains_every_public_name_of_the_client(site: Path) -> None:
    assert public_names() - list_objects(site) == set()


def test_no_page_loads_anything_from_another_origin(site: Path) -> None:
    loads = re.compile(
        r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\b(?:src|srcset)=["']?(?:https?:)?//"""
        r"""|<link\b[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon|modulepreload)[^>]*href=["']?(?:https?:)?//"""
    )
    styles = re.compile(r"""(?:url\(|@import\s)\s*["']?(?:https?:)?//""")
    pages, sheets = sorted(site.rglob("*.html")), sorted(site.rglob("*.css"))
    assert pages and sheets
    found = [page.name for page in pages if loads.search(page.read_text())]
    found += [sheet.name for sheet in sheets if styles.search(sheet.read_text())]
    assert found == []


def test_the_reference_has_a_section_per_operation_and_command(site: Path) -> None:
    operations = (site / "reference" / "operations.html").read_text()
    assert "POST /v1/generate/{nc}/{id_run}/augment" in operations
    commands = (site / "reference" / "command.html").read_text()
    sections = insert_generated_parts("<!-- generated: commands -->")
    for title in re.findall(r"^## (.+)$", sections, re.MULTILINE):
        assert f"<h2>{title}" in commands


def test_no_page_shows_a_marker_that_was_not_replaced(site: Path) -> None:
    assert [page.name for page in site.rglob("*.html") if "generated:" in page.read_text()] == []
