"""The pure parts of the benchmark: exponents, comparison, tables, and the simulated partitions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from bench.calls import get_cost
from bench.partition_simulation import Design, Kind, find_highest_rate, simulate
from bench.render import render_tables, update_document
from bench.rows import EXPONENT, Report, RequestCalls, Row, fit_exponent, list_regressions
from bench.store_proxy import get_operation

STATUS = RequestCalls("status", 60, {"GetItem": 2, "ListObjectsV2": 2})


def report(*rows: Row) -> Report:
    return Report("2026-11-29", "two cores", "90 MB", 400, rows, (STATUS,))


def first(ours: float, floor: float = 50, baseline: float = 400) -> Row:
    return Row("Downloads", "first", "ms", ours, baseline, floor, goal=baseline / 4)


def test_the_exponent_of_a_square_is_two() -> None:
    assert fit_exponent(10, 40, 100, 1600) == pytest.approx(2)


def test_a_constant_cost_has_the_exponent_zero() -> None:
    assert fit_exponent(1_000, 4_000, 7, 7) == 0


def test_ratios_are_costs_for_times_and_for_rates() -> None:
    assert first(100).over_floor == 2
    assert first(100).over_baseline == 0.25
    assert Row("Load", "status", "requests/s", 100, floor=400).over_floor == 4


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (first(100), True),
        (first(101), False),
        (Row("Load", "status", "requests/s", 150, goal=150), True),
        (Row("Load", "status", "requests/s", 149, goal=150), False),
        (Row("Load", "status", "requests/s", 149), None),
    ],
)
def test_a_goal_is_an_upper_limit_of_times_and_a_lower_one_of_rates(
    row: Row, met: bool | None
) -> None:
    assert row.is_goal_met is met


@pytest.mark.parametrize(
    ("earlier", "now", "warnings"),
    [
        ([first(100)], [first(119)], []),
        ([first(100)], [first(200, floor=100, baseline=800)], []),  # a slower machine
        ([first(100)], [first(121)], ["2.42 times the floor", "0.30 times the baseline"]),
        ([], [first(1_000)], []),
        ([Row("Growth", "status", EXPONENT, 0.1)], [Row("Growth", "status", EXPONENT, 0.25)], []),
        ([Row("Growth", "status", EXPONENT, -0.3)], [Row("Growth", "status", EXPONENT, 0.1)], []),
        (
            [Row("Growth", "status", EXPONENT, 0.1)],
            [Row("Growth", "status", EXPONENT, 0.9)],
            ["exponent 0.90, was 0.10"],
        ),
    ],
)
def test_a_ratio_that_is_worse_by_a_fifth_causes_a_warning(
    earlier: Sequence[Row], now: Sequence[Row], warnings: list[str]
) -> None:
    found = list(list_regressions(report(*now), report(*earlier)))
    assert len(found) == len(warnings)
    assert all(expected in warning for expected, warning in zip(warnings, found, strict=True))


def test_a_report_survives_its_json_form() -> None:
    before = report(first(100), Row("Growth", "status", EXPONENT, 0.1, note="10 to 40"))
    assert msgspec.json.decode(msgspec.json.encode(before), type=Report) == before


def test_a_table_has_the_columns_that_have_values() -> None:
    tables = render_tables(report(first(125), Row("Growth", "status", EXPONENT, 0.1)))
    assert "| | ours (ms) | baseline | floor | of baseline | of floor | goal |" in tables
    assert "| first | 125 | 400 | 50.0 | 1/3.2 | 2.50 | ≤ 100: **no** |" in tables
    assert "| | ours (exponent) |\n|---|---:|\n| status | 0.10 |" in tables
    assert "| status | 60 | 4 | 0.0150 | 2 GetItem, 2 ListObjectsV2 |" in tables


def test_the_tables_of_a_document_are_replaced_between_the_markers(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("a\n<!-- begin: make bench -->\nold\n<!-- end: make bench -->\nz\n")
    update_document(document, report(first(125)))
    update_document(document, report(first(75)))
    text = document.read_text()
    assert text.startswith("a\n<!-- begin")
    assert text.endswith("<!-- end: make bench -->\nz\n")
    assert "| first | 75.0 |" in text
    assert "old" not in text
    assert "125" not in text


@pytest.mark.parametrize(
    ("head", "operation"),
    [
        (b"GET /b?list-type=2&prefix=x HTTP/1.1\r\n", "ListObjectsV2"),
        (b"GET /b/key?x-id=GetObject HTTP/1.1\r\n", "GetObject"),
        (b"PUT /b/key?partNumber=1&uploadId=u HTTP/1.1\r\n", "UploadPart"),
        (b"PUT /b/key HTTP/1.1\r\n", "PutObject"),
        (b"POST /b/key?uploadId=u HTTP/1.1\r\n", "CompleteMultipartUpload"),
        (b"POST /b?delete HTTP/1.1\r\n", "DeleteObject"),
        (b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n", "GetItem"),
    ],
)
def test_the_proxy_names_the_operation_of_a_request(head: bytes, operation: str) -> None:
    assert get_operation(head) == operation


def test_the_cost_of_a_request_is_that_of_gateway_function_and_calls() -> None:
    assert get_cost(STATUS) == pytest.approx(3.7e-6 + 0.06 * 16.6667e-6 + 2 * 0.125e-6 + 2 * 5e-6)


def test_one_key_serves_the_read_units_of_one_partition_at_first() -> None:
    assert find_highest_rate(Kind.STATUS, 10, Design.ONE_KEY, 0) == pytest.approx(3_000, rel=0.05)


def test_splits_relieve_reads_of_any_run() -> None:
    throttled = simulate(Kind.STATUS, 10_000, 10, Design.ONE_KEY)
    assert throttled[0] == pytest.approx(0.7)
    assert throttled[-1] == 0


def test_splits_do_not_relieve_scheduling_in_one_composition() -> None:
    throttled = simulate(Kind.SCHEDULE, 100, 1, Design.KEY_PER_COMPOSITION)
    assert throttled[0] == throttled[-1] > 0.5


def test_a_key_per_composition_spreads_the_first_requests() -> None:
    rates = [find_highest_rate(Kind.STATUS, 100, design, 0) for design in Design]
    assert rates[1] > 2 * rates[0]
