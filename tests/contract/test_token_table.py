"""What letting callers in may rely on of the records of tokens, on the fake and on DynamoDB."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.domain.tokens import Scope, TokenRecord
from chalicelib.usecases.ports import TokenRepository
from chalicelib.usecases.tokens import create_token
from tests.support.fake_tokens import FakeTokenRepository
from tests.support.fakes import FakeClock

NOW = datetime(2026, 11, 23, 7, 8, 9, 123456, tzinfo=UTC)


def record(token_id: str = "abcdefghijkl", scope: Scope = Scope.READ) -> TokenRecord:
    return TokenRecord(token_id, "0" * 64, scope, "Ada", NOW, NOW + timedelta(days=1))


@pytest.fixture(params=["fake", pytest.param("dynamodb", marks=pytest.mark.stores)])
def tokens(request: pytest.FixtureRequest) -> TokenRepository:
    if request.param == "fake":
        return FakeTokenRepository()
    return DynamoTokenRepository(
        request.getfixturevalue("aws").dynamodb, request.getfixturevalue("table")
    )


@pytest.mark.parametrize("scope", list(Scope))
def test_a_record_is_read_as_it_was_written(tokens: TokenRepository, scope: Scope) -> None:
    assert tokens.get("abcdefghijkl") is None
    tokens.add(record(scope=scope))
    assert tokens.get("abcdefghijkl") == record(scope=scope)


def test_all_records_are_listed_by_id(tokens: TokenRepository) -> None:
    for token_id in ("b" * 12, "a" * 12, "c" * 12):
        tokens.add(record(token_id))
    assert [found.token_id for found in tokens.list_all()] == ["a" * 12, "b" * 12, "c" * 12]


def test_a_record_that_was_removed_is_gone_at_once(tokens: TokenRepository) -> None:
    tokens.add(record())
    assert tokens.remove("abcdefghijkl")
    assert tokens.get("abcdefghijkl") is None
    assert not tokens.remove("abcdefghijkl")


def test_the_table_holds_no_token(aws: Any, table: str) -> None:
    text, _ = create_token(
        Scope.ADMIN,
        "Ada",
        timedelta(days=1),
        tokens=DynamoTokenRepository(aws.dynamodb, table),
        clock=FakeClock(),
    )
    stored = json.dumps(aws.dynamodb.scan(TableName=table)["Items"])
    secret = text.rpartition("dataops_")[2][13:]
    assert len(secret) == 43
    assert secret not in stored
    assert text.split("_")[1] in stored
