"""The reference pages that are written by hand list what the code defines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chalicelib.domain.artifacts import Role, list_training_files
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.fact_filters import FILTERS
from chalicelib.settings import Settings, allowed_origins, auth_mode
from localdev.paths import ROOT

REFERENCE = ROOT / "docs" / "reference"


class Recorder(Mapping[str, str]):
    """Environment that records the names of the variables that are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_read = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self.values_read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_read)

    def __len__(self) -> int:
        return len(self.values_read)


def first_cells(page: str) -> set[str]:
    """Return the names in code style in the first column of the tables of a page."""
    text = (REFERENCE / page).read_text()
    cells = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_settings_page_lists_every_variable_that_the_service_reads() -> None:
    environment = Recorder({"RUN_TABLE": "runs", "DATA_BUCKET": "data"})
    Settings.from_mapping(environment)
    auth_mode(environment)
    allowed_origins(environment)
    names = environment.names - {"AWS_LAMBDA_FUNCTION_NAME"}  # set by Lambda itself
    assert names - first_cells("settings.md") == set()


def test_the_settings_page_lists_the_variables_of_the_server_and_the_log() -> None:
    pattern = re.compile(r'(?:environ\w*\.get|_read_count)\("([A-Z0-9_]+)"')
    modules = [*(ROOT / "chalicelib").rglob("*.py"), *(ROOT / "server").rglob("*.py")]
    names = {name for module in modules for name in pattern.findall(module.read_text())}
    assert {"METRICS_PORT", "WEB_WORKERS"} <= names
    assert names - {"AWS_LAMBDA_FUNCTION_NAME"} - first_cells("settings.md") == set()


def test_the_api_guide_lists_every_error_code() -> None:
    modules = [
        ROOT / "chalicelib" / folder / name
        for folder, name in (
            ("domain", "errors.py"),
            ("api", "errors.py"),
            ("api", "gateway_responses.py"),
        )
    ]
    pattern = re.compile(r'\bcode = "(\w+)"|_GatewayError\(\d+, "(\w+)"')
    codes = {
        code for module in modules for pair in pattern.findall(module.read_text()) for code in pair
    }
    text = (REFERENCE / "api.md").read_text()
    assert "not_found" in codes
    assert {code for code in codes if code and f"`{code}`" not in text} == {"error"}


def test_the_settings_page_names_the_defaults_of_the_service() -> None:
    defaults = Settings.from_mapping({"RUN_TABLE": "runs", "DATA_BUCKET": "data"})
    rows = dict(
        re.findall(r"^\| `([A-Z_0-9]+)` \| ([\d,]+)", (REFERENCE / "settings.md").read_text(), re.M)
    )
    numbers = {name: int(value.replace(",", "")) for name, value in rows.items()}
    for name in (
        "JOB_RUN_TIME_SECONDS",
        "URL_TTL_SECONDS",
        "BUILD_INLINE_MAX_BYTES",
        "BUILD_CONCURRENCY",
    ):
        assert numbers[name] == getattr(defaults, name.lower())


def test_the_files_page_lists_every_training_file_and_role() -> None:
    text = (REFERENCE / "files.md").read_text()
    names = list_training_files(NominalComposition.parse("Al2"))
    assert [name for name in names if f"`{name.replace('Al2', '<nc>')}`" not in text] == []
    roles = set(Role) - {Role.METADATA}
    assert [role for role in roles if f"`{role}`" not in text] == []


def test_the_guide_of_searches_lists_every_filter() -> None:
    text = (ROOT / "docs" / "how-to" / "find-sub-runs.md").read_text()
    rows = re.findall(r"^\| `--([a-z-]+)` \| `(\w+)` \|", text, re.MULTILINE)
    assert [name for _, name in rows] == list(FILTERS)
    assert [option for option, _ in rows] == [name.replace("_", "-") for name in FILTERS]
