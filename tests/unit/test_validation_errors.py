"""Messages for values that do not fit their struct."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec import Struct

from chalicelib.api.archive_schemas import DownloadQuery, RunDownloadQuery
from chalicelib.api.bonds import BondsQuery
from chalicelib.api.idempotency import IdempotencyHeaders
from chalicelib.api.requests import parse_body, parse_headers, parse_query
from chalicelib.api.run_schemas import AugmentBody, AvailableQuery, ScheduleBody
from chalicelib.domain.errors import DataOpsError, InvalidInput
from chalicelib.usecases.bonds import MAX_LIMIT


class Parameters(dict[str, list[str]]):
    """Query parameters like those of Chalice."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


class Request:
    def __init__(self, body: str) -> None:
        self.raw_body = body.encode()
        self.headers: dict[str, str] = {}


@pytest.mark.parametrize(
    ("struct", "name", "value", "message"),
    [
        (DownloadQuery, "profile", "small", "profile 'small' is invalid; expected one of 'essential', 'full'"),
        (DownloadQuery, "wait", "30", "wait '30' is invalid; expected an integer from 0 to 20"),
        (DownloadQuery, "redirect", "maybe", "redirect 'maybe' is invalid; expected true or false"),
        (DownloadQuery, "include", "a/b", "include[0] 'a/b' is invalid; expected a glob without '/', such as '*.vec'"),
        (RunDownloadQuery, "sub_runs", "0-5",
         "sub_runs '0-5' is invalid; expected numbers of sub-runs, such as '0,3,7'"),
        (BondsQuery, "limit", "x", f"limit 'x' is invalid; expected an integer from 1 to {MAX_LIMIT}"),
        (AvailableQuery, "nc", "zr", "nc 'zr' is invalid; expected the nominal composition of the cell, such as 'Zr49Cu49Al2'"),
        (AvailableQuery, "id_run", "1.5", "id_run '1.5' is invalid; expected the number of the run, such as '21'"),
    ],
)  # fmt: skip
def test_an_invalid_parameter_is_named_with_what_is_expected(
    struct: type[Struct], name: str, value: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^query parameter {re.escape(message)}$"):
        parse_query(Parameters({name: [value]}), struct)


@pytest.mark.parametrize(
    ("struct", "body", "message"),
    [
        (AugmentBody, '{"sub_runs": ["1", "15"]}',
         "sub_runs[1] '15' is invalid; expected a deformed sub-run, 1-14, such as '8'"),
        (AugmentBody, '{"sub_runs": ["0"]}',
         "sub_runs[0] '0' is invalid; expected a deformed sub-run, 1-14, such as '8'"),
        (AugmentBody, '{"sub_runs": [3]}',
         "sub_runs[0] 3 is invalid; expected a deformed sub-run, 1-14, such as '8'"),
        (AugmentBody, '{"sub_runs": []}', "sub_runs [] is invalid; expected a list of at least one value"),
        (AugmentBody, '{"sub_runs": null}', "sub_runs None is invalid; expected a list of at least one value"),
        (AugmentBody, '{"subruns": ["1"]}', "unknown field 'subruns'; expected 'sub_runs'"),
        (AugmentBody, '["1"]', "expected a JSON object, received ['1']"),
        (ScheduleBody, '{"count": 101}', "count 101 is invalid; expected an integer from 1 to 100"),
        (ScheduleBody, '{"count": "2"}', "count '2' is invalid; expected an integer from 1 to 100"),
        (ScheduleBody, '{"n": 1}', "unknown field 'n'; expected 'count', 'num_simulations'"),
    ],
)  # fmt: skip
def test_an_invalid_body_is_named_with_what_is_expected(
    struct: type[Struct], body: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^invalid request body: {re.escape(message)}$"):
        parse_body(Request(body), struct)


@pytest.mark.parametrize(
    ("body", "number"), [("", None), ('{"count": 3}', 3), ('{"num_simulations": 2}', 2)]
)
def test_the_number_of_runs_has_two_names(body: str, number: int | None) -> None:
    assert parse_body(Request(body), ScheduleBody).number == number


def test_both_names_of_the_number_of_runs_are_rejected() -> None:
    body = parse_body(Request('{"count": 1, "num_simulations": 1}'), ScheduleBody)
    with pytest.raises(InvalidInput, match="send one of them"):
        _ = body.number


def test_long_values_are_shortened() -> None:
    with pytest.raises(DataOpsError) as raised:
        parse_headers({"Idempotency-Key": "a" * 300}, IdempotencyHeaders)
    text = str(raised.value)
    assert text.startswith("header ")
    assert "aaa..." in text
    assert len(text) < 400


def test_messages_contain_no_regular_expression_and_no_python_type() -> None:
    invalid: list[tuple[type[Struct], str, Any]] = [
        (DownloadQuery, "include", ""), (BondsQuery, "cursor", "!"), (AvailableQuery, "limit", "0"),
    ]  # fmt: skip
    for struct, name, value in invalid:
        with pytest.raises(InvalidInput) as raised:
            parse_query(Parameters({name: [value]}), struct)
        assert not re.search(r"regex|\^|`|\bint\b|\bstr\b", str(raised.value)), str(raised.value)
