"""What the use cases may rely on, on the fake and on DynamoDB."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.adapters.aws.run_repository import DynamoRunRepository
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.run_claims import Claimant, RunClaim
from chalicelib.domain.runs import Run, RunKey
from chalicelib.usecases.ports import RunRepository
from tests.conftest import Aws
from tests.support.fakes import FakeRunRepository

AT = datetime(2026, 11, 23, 7, 8, 9, 123456, tzinfo=UTC)
LATER = datetime(2026, 11, 24, tzinfo=UTC)


def key(id_run: int, nc: str = "Zr49Cu49Al2") -> RunKey:
    return RunKey(NominalComposition(nc), id_run)


def new_run(id_run: int, nc: str = "Zr49Cu49Al2") -> Run:
    return Run(key(id_run, nc), frozenset({0}), AT)


@pytest.fixture(params=["fake", pytest.param("dynamodb", marks=pytest.mark.stores)])
def runs(request: pytest.FixtureRequest) -> RunRepository:
    if request.param == "fake":
        return FakeRunRepository()
    return DynamoRunRepository(
        request.getfixturevalue("aws").dynamodb, request.getfixturevalue("table")
    )


def test_a_run_is_read_as_it_was_added(runs: RunRepository) -> None:
    assert runs.add(new_run(21), "token")
    assert runs.get(key(21)) == new_run(21)


def test_a_run_that_was_never_added_is_none(runs: RunRepository) -> None:
    assert runs.get(key(21)) is None


def test_another_claim_of_the_same_run_loses_and_changes_nothing(runs: RunRepository) -> None:
    runs.add(new_run(21), "first")
    assert not runs.add(Run(key(21), frozenset({0}), LATER), "second")
    assert runs.get(key(21)) == new_run(21)


def test_the_same_claim_again_is_recognised_as_its_own(runs: RunRepository) -> None:
    assert runs.add(new_run(21), "token")
    assert runs.add(new_run(21), "token")


def test_claims_list_the_owner_and_the_attempts_in_order(runs: RunRepository) -> None:
    for token, wanted in (("token-of-first", 3), ("token-of-another", 5), ("token-of-third", 1)):
        runs.add(new_run(21), token, wanted)
    [claim] = runs.list_claims(NominalComposition("Zr49Cu49Al2"))
    assert claim == RunClaim(
        21,
        AT,
        "token-of-first",
        (Claimant("of-first", 3), Claimant("-another", 5), Claimant("of-third", 1)),
    )


def test_claims_are_listed_in_numeric_order_after_a_number(runs: RunRepository) -> None:
    for id_run in (9, 100, 21, 1):
        runs.add(new_run(id_run), f"token{id_run}")
    runs.add(new_run(5, "Al"), "other")

    def listed(after: int, limit: int | None = None) -> list[int]:
        return [
            claim.id_run
            for claim in runs.list_claims(
                NominalComposition("Zr49Cu49Al2"), after=after, limit=limit
            )
        ]

    assert listed(0) == [1, 9, 21, 100]
    assert listed(8) == [9, 21, 100]
    assert listed(9, 1) == [21]
    assert listed(100) == []


def test_a_run_that_was_given_back_forgets_its_claimants(runs: RunRepository) -> None:
    runs.add(new_run(21), "token-of-first", 3)
    runs.remove(key(21), "token-of-first")
    assert runs.add(new_run(21), "token-of-second")
    [claim] = runs.list_claims(NominalComposition("Zr49Cu49Al2"))
    assert claim.claimants == (Claimant("f-second", 1),)


def test_a_claim_passes_to_another_token_only_from_the_one_it_has(runs: RunRepository) -> None:
    runs.add(new_run(21), "first")
    assert not runs.reclaim(key(21), "another", "second")
    assert runs.reclaim(key(21), "first", "second")
    assert runs.reclaim(key(21), "first", "second")
    assert not runs.reclaim(key(22), "first", "second")
    runs.remove(key(21), "first")
    assert runs.get(key(21)) == new_run(21)
    runs.remove(key(21), "second")
    assert runs.get(key(21)) is None


def test_runs_are_listed_by_composition_and_in_numeric_order(runs: RunRepository) -> None:
    for nc, id_run in (
        ("Zr50Cu40Al10", 1),
        ("Al2", 7),
        ("Al", 3),
        ("Zr49Cu49Al2", 100),
        ("Zr49Cu49Al2", 9),
        ("Zr49Cu49Al2", 999999999),
    ):
        runs.add(new_run(id_run, nc), uuid.uuid4().hex)
    listed = [str(run.key) for run in runs.list_runs()]
    assert listed == [
        "Al/3",
        "Al2/7",
        "Zr49Cu49Al2/9",
        "Zr49Cu49Al2/100",
        "Zr49Cu49Al2/999999999",
        "Zr50Cu40Al10/1",
    ]
    assert [str(run.key) for run in runs.list_runs(NominalComposition("Al"))] == ["Al/3"]


def test_a_page_begins_after_a_run_that_need_not_be_there_any_more(runs: RunRepository) -> None:
    for nc, id_run in (
        ("Al", 3),
        ("Al", 999999999),
        ("Al2", 7),
        ("Zr49Cu49Al2", 9),
        ("Zr49Cu49Al2", 10),
    ):
        runs.add(new_run(id_run, nc), uuid.uuid4().hex)

    def page(after: RunKey | None, limit: int | None, nc: str | None = None) -> list[str]:
        return [
            str(run.key)
            for run in runs.list_runs(
                NominalComposition(nc) if nc else None, after=after, limit=limit
            )
        ]

    assert page(None, 2) == ["Al/3", "Al/999999999"]
    assert page(key(999999999, "Al"), 2) == ["Al2/7", "Zr49Cu49Al2/9"]
    assert page(key(4, "Al"), None) == ["Al/999999999", "Al2/7", "Zr49Cu49Al2/9", "Zr49Cu49Al2/10"]
    assert page(key(9), 5) == ["Zr49Cu49Al2/10"]
    assert page(key(10), 5) == page(key(999999999), None) == []
    assert page(None, 1, "Al") == ["Al/3"]
    assert page(key(3, "Al"), 5, "Al") == ["Al/999999999"]
    assert page(key(999999999, "Al"), 5, "Al") == []


def test_a_claimed_run_can_be_given_back_by_its_claimant(runs: RunRepository) -> None:
    runs.add(new_run(21), "token")
    runs.remove(key(21), "another")
    assert runs.get(key(21)) == new_run(21)
    runs.remove(key(21), "token")
    assert runs.get(key(21)) is None
    runs.remove(key(21), "token")
    assert runs.add(new_run(21), "another")


def test_an_augmented_run_is_not_given_back(runs: RunRepository) -> None:
    runs.add(new_run(21), "token")
    runs.add_sub_runs(key(21), [1], AT)
    runs.remove(key(21), "token")
    assert runs.get(key(21)) is not None


def test_sub_runs_are_added_and_their_time_is_kept(runs: RunRepository) -> None:
    runs.add(new_run(21), "token")
    run = runs.add_sub_runs(key(21), [14, 2], AT)
    assert run is not None
    assert run.sub_runs == {0, 2, 14}
    assert run.sub_runs_scheduled_at == AT
    assert runs.get(key(21)) == run


def test_adding_the_same_sub_runs_again_changes_nothing(runs: RunRepository) -> None:
    runs.add(new_run(21), "token")
    first = runs.add_sub_runs(key(21), [1, 2], AT)
    assert runs.add_sub_runs(key(21), [2, 1], LATER) == first
    assert runs.get(key(21)) == first


def test_adding_more_sub_runs_moves_the_time(runs: RunRepository) -> None:
    runs.add(new_run(21), "token")
    runs.add_sub_runs(key(21), [1], AT)
    run = runs.add_sub_runs(key(21), [1, 2], LATER)
    assert run is not None
    assert run.sub_runs == {0, 1, 2}
    assert run.sub_runs_scheduled_at == LATER


def test_sub_runs_of_a_run_that_is_not_there_are_not_added(runs: RunRepository) -> None:
    assert runs.add_sub_runs(key(21), [1], AT) is None
    assert runs.get(key(21)) is None


def test_of_many_parallel_claims_of_one_run_exactly_one_wins(runs: RunRepository) -> None:
    for id_run in range(1, 11):
        with ThreadPoolExecutor(16) as pool:
            wins = list(
                pool.map(
                    lambda _, number=id_run: runs.add(new_run(number), uuid.uuid4().hex), range(16)
                )
            )
        assert wins.count(True) == 1
        [claim] = runs.list_claims(NominalComposition("Zr49Cu49Al2"), after=id_run - 1, limit=1)
        assert len(claim.claimants) == 16


def test_parallel_additions_lose_no_sub_run(runs: RunRepository) -> None:
    runs.add(new_run(21), "token")
    with ThreadPoolExecutor(14) as pool:
        list(pool.map(lambda sub_run: runs.add_sub_runs(key(21), [sub_run], AT), range(1, 15)))
    run = runs.get(key(21))
    assert run is not None
    assert run.sub_runs == set(range(15))


def test_runs_that_260f94d_wrote_are_read_and_keep_their_claim(aws: Aws, table: str) -> None:
    item: dict[str, Any] = {
        "pk": {"S": "RUN"},
        "sk": {"S": "Zr49Cu49Al2#000000021"},
        "nc": {"S": "Zr49Cu49Al2"},
        "id_run": {"N": "21"},
        "sub_runs": {"NS": ["0"]},
        "run_scheduled_at": {"S": AT.isoformat()},
        "claim_token": {"S": "old"},
    }
    aws.dynamodb.put_item(TableName=table, Item=item)
    runs = DynamoRunRepository(aws.dynamodb, table)
    assert runs.get(key(21)) == new_run(21)
    assert list(runs.list_claims(NominalComposition("Zr49Cu49Al2"))) == [RunClaim(21, AT, "old")]
    assert not runs.add(new_run(21), "token-of-another")
    assert runs.add(Run(key(21), frozenset({0}), LATER), "old")
    assert runs.get(key(21)) == new_run(21)


def test_a_table_that_does_not_exist_is_unavailable(request: pytest.FixtureRequest) -> None:
    runs = DynamoRunRepository(
        request.getfixturevalue("aws").dynamodb, f"no-such-table-{uuid.uuid4().hex}"
    )
    with pytest.raises(Unavailable, match="run table returned ResourceNotFoundException"):
        runs.get(key(21))
    with pytest.raises(Unavailable):
        runs.ping()
