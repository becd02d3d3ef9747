"""What the use cases may rely on of what is remembered, on the fakes and on DynamoDB."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.aws.idempotency_store import DynamoIdempotencyStore
from chalicelib.adapters.aws.outcome_cache import DynamoOutcomeCache
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.idempotency import IdempotencyRecord
from chalicelib.domain.outcomes import CachedFacts, CalculationFacts
from chalicelib.domain.runs import RunKey
from chalicelib.usecases.ports import IdempotencyStore, OutcomeCache
from tests.support.fakes import FakeIdempotencyStore, FakeOutcomeCache

NOW = datetime(2026, 11, 23, 7, 8, 9, 123456, tzinfo=UTC)
KEY = RunKey(NominalComposition("Zr49Cu49Al2"), 21)


def record(key: str = "k", holder: str = "me") -> IdempotencyRecord:
    return IdempotencyRecord(
        key, "schedule", holder, NOW + timedelta(seconds=30), NOW + timedelta(days=1), "token"
    )


@pytest.fixture(params=["fake", pytest.param("dynamodb", marks=pytest.mark.stores)])
def records(request: pytest.FixtureRequest) -> IdempotencyStore:
    if request.param == "fake":
        return FakeIdempotencyStore()
    return DynamoIdempotencyStore(
        request.getfixturevalue("aws").dynamodb, request.getfixturevalue("table")
    )


@pytest.fixture(params=["fake", pytest.param("dynamodb", marks=pytest.mark.stores)])
def outcomes(request: pytest.FixtureRequest) -> OutcomeCache:
    if request.param == "fake":
        return FakeOutcomeCache()
    return DynamoOutcomeCache(
        request.getfixturevalue("aws").dynamodb, request.getfixturevalue("table")
    )


@pytest.mark.parametrize("key", ["k", "~" * 255, "#!/\\\"'"])
def test_a_record_is_read_as_it_was_written(records: IdempotencyStore, key: str) -> None:
    assert records.get(key) is None
    assert records.create(record(key), NOW)
    assert records.get(key) == record(key)
    completed = replace(record(key), id_runs=(21, 3), completed=True)
    assert records.compare_and_set(completed, "me")
    assert records.get(key) == completed


def test_a_second_first_record_loses_and_changes_nothing(records: IdempotencyStore) -> None:
    assert records.create(record(), NOW)
    assert not records.create(record(holder="other"), NOW)
    assert records.get("k") == record()


def test_the_same_write_again_is_recognised_as_its_own(records: IdempotencyStore) -> None:
    assert records.create(record(), NOW)
    assert records.create(record(), NOW)
    taken = record(holder="other")
    assert records.compare_and_set(taken, "me")
    assert records.compare_and_set(taken, "me")


def test_an_expired_record_gives_way(records: IdempotencyStore) -> None:
    records.create(record(), NOW)
    assert not records.create(record(holder="other"), NOW + timedelta(hours=23, minutes=59))
    assert records.create(record(holder="other"), NOW + timedelta(days=1))


def test_only_the_holder_s_record_is_replaced(records: IdempotencyStore) -> None:
    records.create(record(), NOW)
    assert not records.compare_and_set(record(holder="third"), "other")
    assert records.get("k") == record()
    assert not records.compare_and_set(record("never opened"), "me")


def test_of_many_that_open_or_take_over_at_once_one_wins(records: IdempotencyStore) -> None:
    for key in ("a", "b", "c"):
        contenders = [record(key, uuid.uuid4().hex) for _ in range(16)]
        with ThreadPoolExecutor(16) as pool:
            opened = list(pool.map(lambda contender: records.create(contender, NOW), contenders))
            first = records.get(key)
            assert first is not None
            others = [contender for contender in contenders if contender != first]
            taken = list(
                pool.map(
                    lambda contender, first=first: records.compare_and_set(contender, first.holder),
                    others,
                )
            )
        assert (opened.count(True), taken.count(True)) == (1, 1)


def test_facts_are_read_as_they_were_kept(outcomes: OutcomeCache) -> None:
    assert outcomes.get(KEY) == {}
    facts = {
        n: CachedFacts(
            f"v{n}",
            CalculationFacts(True, [None, True, False][n % 3], n or None, n % 2 == 0, 738, None),
        )
        for n in range(15)
    }
    outcomes.put(KEY, facts)
    assert outcomes.get(KEY) == facts
    outcomes.put(KEY, {0: facts[0]})
    assert outcomes.get(KEY) == {0: facts[0]}
    assert outcomes.get(RunKey(KEY.nc, 22)) == {}


def test_facts_of_many_runs_are_listed_in_the_order_of_runs(outcomes: OutcomeCache) -> None:
    facts = {n: CachedFacts("v" * 2_000, CalculationFacts(True, True, n)) for n in range(15)}
    keys = [RunKey.parse(nc, str(n)) for nc in ("Al", "Al2", "CuZr") for n in range(1, 15)]
    for key in keys[::-1]:  # more than 1 MB, the limit of a page
        outcomes.put(key, facts)
    listed = list(outcomes.list_runs(keys[1], keys[-2]))
    assert [key for key, _ in listed] == keys[1:-1]
    assert all(found == facts for _, found in listed)
    assert list(outcomes.list_runs(RunKey(KEY.nc, 1), RunKey(KEY.nc, 99))) == []


def test_facts_of_another_form_count_as_none(aws: object, table: str) -> None:
    client = aws.dynamodb  # type: ignore[attr-defined]
    client.put_item(
        TableName=table,
        Item={
            "pk": {"S": "OUTCOMES"},
            "sk": {"S": "Zr49Cu49Al2#000000021"},
            "facts": {"S": '{"0": 1}'},
        },
    )
    assert DynamoOutcomeCache(client, table).get(KEY) == {}
