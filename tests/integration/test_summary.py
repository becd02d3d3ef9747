"""`GET /v1/summary`: numbers of compositions, from facts that were read earlier."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.outcomes import CachedFacts, CalculationFacts, Outcome
from chalicelib.domain.runs import Run, RunKey
from chalicelib.usecases.summaries import summarize_runs_page
from tests.support.api import Api
from tests.support.fakes import FakeClock, FakeOutcomeCache, FakeRunRepository


def put_files(store: Any, nc: str, id_run: int, sub_run: int, energy: str) -> None:
    folder = f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}"
    output = (
        f"!    total energy   =   {energy} Ry\n     convergence has been achieved in  9 iterations"
    )
    store(f"{folder}/{nc}.scf.out", output.encode())


def test_outcomes_are_counted_once_the_status_was_requested(api: Api, store: Any) -> None:
    put_files(store, "Al2", 1, 0, "-10.5")
    put_files(store, "Al2", 1, 3, "-9.25")
    put_files(store, "Cu2", 7, 0, "-3.0")
    assert api.get("/v1/summary") == {"compositions": [], "next_cursor": None}
    api.post("/v1/generate/Al2")
    api.post("/v1/generate/Al2/1/augment", {"sub_runs": ["3", "4"]})
    api.post("/v1/generate/Cu2")
    aluminium, copper = api.get("/v1/summary")["compositions"]
    assert (aluminium["nc"], aluminium["runs"], aluminium["sub_runs"]) == ("Al2", 1, 3)
    assert (aluminium["unread"], aluminium["outcomes"]) == (3, {})
    assert copper["unread"] == 1

    status = api.get("/v1/generate/Al2/1/status")
    aluminium, copper = api.get("/v1/summary")["compositions"]
    assert aluminium["outcomes"] == {"NO_DATA": 1, "SCF_CONVERGED_BUT_NO_ICOHP": 2}
    assert aluminium["unread"] == 0
    assert (aluminium["min_total_energy_ry"], aluminium["max_total_energy_ry"]) == (-10.5, -9.25)
    assert aluminium["last_activity_at"] == status["sub_runs_scheduled_at"]
    assert copper["unread"] == 1


def test_pages_add_up(api: Api, store: Any) -> None:
    for id_run in (1, 2, 3):
        put_files(store, "Al2", id_run, 0, "-1.0")
    api.post("/v1/generate/Al2", {"count": 3})
    first = api.call("GET", "/v1/summary?limit=2")
    body = api.get("/v1/summary?limit=2")
    assert first.headers["Link"] == f'<?limit=2&cursor={body["next_cursor"]}>; rel="next"'
    rest = api.get(f"/v1/summary?limit=2&cursor={body['next_cursor']}")
    assert [body["compositions"][0]["runs"], rest["compositions"][0]["runs"]] == [2, 1]
    assert rest["next_cursor"] is None


def test_a_thousand_compositions_take_two_queries_per_page() -> None:
    runs, cache, clock = FakeRunRepository(), FakeOutcomeCache(), FakeClock()
    facts = {
        sub_run: CachedFacts("v", CalculationFacts(True, True, 20, True, 90, 90, -4496.5 - sub_run))
        for sub_run in range(15)
    }
    for number in range(1000):
        key = RunKey(NominalComposition(f"Zr{number // 100 + 1}Cu{number % 100 + 1}"), 1)
        runs.add(Run(key, frozenset(range(15)), clock.now(), clock.now()), f"claim {number}")
        cache.put(key, facts)
    calls = 0

    class CountingCache(FakeOutcomeCache):
        def list_runs(self, first: RunKey, last: RunKey) -> Any:
            nonlocal calls
            calls += 1
            return cache.list_runs(first, last)

    found, last = summarize_runs_page(after=None, limit=1000, runs=runs, cache=CountingCache())
    assert (len(found), last, calls) == (1000, None, 1)
    assert all(summary.outcomes == {Outcome.DONE: 15} for summary in found)
    assert all(summary.bonds == 15 * 90 for summary in found)


def test_facts_that_cannot_be_read_are_neither_counted_nor_read_again() -> None:
    runs, cache, clock = FakeRunRepository(), FakeOutcomeCache(), FakeClock()
    key = RunKey(NominalComposition("Al2"), 1)
    runs.add(Run(key, frozenset({0, 1}), clock.now(), clock.now() + timedelta(days=1)), "claim")
    cache.put(key, {0: CachedFacts("v", None)})
    (summary,), _ = summarize_runs_page(after=None, limit=10, runs=runs, cache=cache)
    assert (summary.sub_runs, summary.outcomes, summary.unread) == (2, {}, 1)
    assert summary.last_activity_at == clock.now() + timedelta(days=1)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=!", "cursor=abc"])
def test_an_invalid_page_is_rejected(api: Api, query: str) -> None:
    assert api.problem("GET", f"/v1/summary?{query}")["code"] == "invalid_input"
