"""When an earlier state of a run may be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.aws.run_repository import DynamoRunRepository
from chalicelib.domain.runs import Run, RunKey
from tests.conftest import Aws

KEY = RunKey.parse("Zr49Cu49Al2", "21")
pytestmark = pytest.mark.stores


@pytest.fixture
def runs(aws: Aws, table: str) -> DynamoRunRepository:
    return DynamoRunRepository(aws.dynamodb, table)


def schedule(runs: DynamoRunRepository, seconds_ago: float) -> Run:
    run = Run(KEY, frozenset({0}), datetime.now(UTC) - timedelta(seconds=seconds_ago))
    assert runs.add(run, "token")
    return run


def test_a_state_that_contains_the_sub_runs_is_used_again(runs: DynamoRunRepository) -> None:
    run = schedule(runs, seconds_ago=61)
    assert runs.get(KEY, containing={0}) == run
    runs.remove(KEY, "token")
    assert runs.get(KEY, containing={0}) == run
    assert runs.get(KEY) is None


def test_sub_runs_that_it_does_not_contain_are_read(
    aws: Aws, runs: DynamoRunRepository, table: str
) -> None:
    schedule(runs, seconds_ago=61)
    assert runs.get(KEY, containing={0, 1})
    DynamoRunRepository(aws.dynamodb, table).add_sub_runs(KEY, [1], datetime.now(UTC))
    augmented = runs.get(KEY, containing={0, 1})
    assert augmented and augmented.sub_runs == {0, 1}


def test_a_run_whose_allocation_may_be_released_is_read(runs: DynamoRunRepository) -> None:
    run = schedule(runs, seconds_ago=1)
    assert runs.get(KEY, containing={0}) == run
    runs.remove(KEY, "token")
    assert runs.get(KEY, containing={0}) is None
