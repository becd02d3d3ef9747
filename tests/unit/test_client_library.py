"""Public names of the library: identifiers, representations and documentation."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path
from types import FunctionType

import dataops_client
import numpy as np
import pytest
from dataops_client import (
    ArchiveFile,
    ArchiveLink,
    Bonds,
    BondStrength,
    BondTypeSummary,
    BuildProgress,
    DataOpsClient,
    Difference,
    Download,
    InvalidRequest,
    Manifest,
    ManifestFile,
    Run,
    RunStatus,
    SubRunOutcome,
    VerificationResult,
)
from dataops_client.html_tables import format_size
from dataops_client.identifiers import build_resource_path, normalize_ids
from dataops_client.sub_run_ranges import format_ranges, parse_ranges

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://storage.example/a.zip?X-Amz-Signature=secret"
HOSTILE = "<script>alert(1)</script>"
FILES = tuple(ArchiveFile(f"file{number}.out", 10, "0" * 64, "other") for number in range(113))
LINK = ArchiveLink(
    nc="Al2", id_run="21", sub_run="0", archive_key="archives/a.zip", download_url=URL,
    expires_at=NOW, lifetime_seconds=900, size_bytes=6_123_456, sha256="0" * 64, filename="a.zip",
    profile="full", files=(*FILES, ArchiveFile("ro-crate-metadata.json", 9, "0" * 64, "metadata")),
    missing=(), cached=True,
)  # fmt: skip
OUTCOMES = {"0": SubRunOutcome("DONE", True, 61), "1": SubRunOutcome(HOSTILE)}
STATUS = RunStatus("21", ("0", "1", "2"), NOW, NOW, "DONE", "RUNNING", OUTCOMES)
BOND = BondStrength(1, 2, "Zr1", "Cu2", HOSTILE, 2.7, (0, 0, 0), 0.9)
BONDS = Bonds("Al2", "21", "0", (BOND,), (BondTypeSummary(HOSTILE, 1, 2.7, 0.9),))
SHOWN = [
    (LINK, "ArchiveLink(Al2/21/0, 113 files, 6.1 MB, full)"),
    (Download(Path("files/Al2/21/0"), LINK, True, 1.0),
     "Download(files/Al2/21/0, 113 files, 6.1 MB)"),
    (Download(Path("files/Al2/21/0"), LINK, False, 1.0),
     "Download(files/Al2/21/0, 113 files, already present)"),
    (Manifest("Al2", "21", None, (ManifestFile(HOSTILE, 10, "other", "e"),)),
     "Manifest(Al2/21, 1 file, 10 bytes)"),
    (STATUS, f"RunStatus(21, RUNNING, 1 done, 1 {HOSTILE} (1), 1 unknown (2))"),
    (VerificationResult(Path("a/0"), 13, ()), "VerificationResult(a/0, 13 files, OK)"),
    (VerificationResult(Path("a/0"), 13, (Difference(Path(HOSTILE), "extra"),)),
     "VerificationResult(a/0, 13 files, MODIFIED, 1 difference)"),
    (BONDS, f"Bonds(Al2/21/0, 1 bond: 1 {HOSTILE})"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), SHOWN, ids=lambda value: type(value).__name__)
def test_representations_are_short_and_contain_no_url(value: object, text: str) -> None:
    assert repr(value) == text
    html = value._repr_html_()  # type: ignore[attr-defined]
    assert html.startswith("<table>")
    assert "secret" not in html
    assert "<script>" not in html


def test_the_repr_of_a_run_has_ranges() -> None:
    run = Run("21", ("0", "1", "2", "8"), NOW, None)
    assert repr(run) == "Run(21, sub-runs 0-2,8, scheduled 2026-01-01 00:00:00 UTC)"


def test_the_repr_of_a_client_contains_no_credentials() -> None:
    with DataOpsClient("https://ada:secret@api.example", token="also_secret") as client:
        assert repr(client) == "DataOpsClient('https://api.example')"


@pytest.mark.parametrize(
    ("run_status", "sub_runs_status", "state"),
    [
        ("DONE", None, "DONE"),
        ("DONE", "DONE", "DONE"),
        ("DONE", "RUNNING", "RUNNING"),
        ("SCHEDULED", None, "SCHEDULED"),
        ("RUNNING", "DONE", "RUNNING"),
    ],
)
def test_a_run_is_done_once_all_of_its_jobs_are(
    run_status: str, sub_runs_status: str | None, state: str
) -> None:
    status = RunStatus("1", ("0",), NOW, None, run_status, sub_runs_status, {})
    assert (status.state, status.done) == (state, state == "DONE")


@pytest.mark.parametrize("value", [21, "21", np.int64(21)])
def test_identifiers_are_integers_or_texts(value: int) -> None:
    assert build_resource_path("Al2", value, None) == "Al2/21"
    assert normalize_ids(value) == ["21"]
    assert normalize_ids([value, "x"]) == ["21", "x"]


@pytest.mark.parametrize("value", [1.5, b"1", object(), "../x", "", "a/b"])
def test_other_identifiers_are_rejected(value: object) -> None:
    with pytest.raises(InvalidRequest, match="invalid composition, run or sub-run"):
        build_resource_path("Al2", value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["0-2,8"], ["0", "1", "2", "8"]),
        (["1", "3", "7"], ["1", "3", "7"]),
        (["1-3", "2,9"], ["1", "2", "3", "9"]),
        (["5-5"], ["5"]),
    ],
)
def test_ranges_are_parsed(texts: list[str], numbers: list[str]) -> None:
    assert parse_ranges(*texts) == numbers
    assert parse_ranges(format_ranges(numbers)) == numbers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5-2", "range '5-2' is reversed; use 2-5"),
        ("a", "'a' is not a number or a range; use for example 0-5,8"),
        ("1,,2", "'' is not a number or a range"),
        ("-1", "'-1' is not a number or a range"),
        ("\u0661", "is not a number or a range"),
        ("1-999999999", "has more than 10000 numbers"),
    ],
)
def test_other_ranges_are_rejected(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        parse_ranges(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"),
     (999_951, "1.0 MB"), (6_123_456, "6.1 MB"), (2 * 10**15, "2000.0 TB")],
)  # fmt: skip
def test_sizes_have_decimal_units(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"bytes_done": 3_100_000, "bytes_total": 6_000_000}, "building 3.1 of 6.0 MB"),
        ({"bytes_done": 900, "bytes_total": 6_000}, "building 900 bytes of 6.0 kB"),
        ({"bytes_done": 1, "bytes_total": 2}, "building 1 of 2 bytes"),
        ({"bytes_done": "1", "bytes_total": -5}, "building"),
        ({}, "building"),
        ([], "building"),
    ],
)
def test_the_progress_of_a_build_is_optional(body: object, text: str) -> None:
    assert str(BuildProgress.from_json(body)) == text


def test_dir_lists_the_public_names_only() -> None:
    assert dir(dataops_client) == sorted(dataops_client.__all__)


def list_public_functions() -> dict[str, FunctionType]:
    found = {
        f"DataOpsClient.{name}": value
        for name, value in inspect.getmembers(DataOpsClient, inspect.isfunction)
        if not name.startswith("_") and name != "close"
    }
    for name in dataops_client.__all__:
        value = getattr(dataops_client, name)
        if inspect.isfunction(value):
            found[name] = value
    return found


@pytest.mark.parametrize("name", list_public_functions())
def test_every_public_function_documents_its_use(name: str) -> None:
    function = list_public_functions()[name]
    documentation = inspect.getdoc(function) or ""
    sections = ["Raises:", "Example:"]
    parameters = [each for each in inspect.signature(function).parameters if each != "self"]
    sections += ["Args:"] if parameters else []
    assert [section for section in sections if f"\n{section}\n" not in documentation] == []
    assert "\nReturns:\n" in documentation or "\nYields:\n" in documentation
    for parameter in parameters:
        assert f"\n    {parameter}: " in documentation, parameter
