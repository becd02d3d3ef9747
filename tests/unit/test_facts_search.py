"""Paging of the search for sub-runs, on fakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.api.paging import decode_sub_run_cursor, encode_sub_run_cursor
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.facts import FactFilter, list_rows
from chalicelib.domain.outcomes import CachedFacts, CalculationFacts
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.usecases.facts_search import SearchPage, find_sub_runs
from tests.support.fakes import FakeClock, FakeOutcomeCache, FakeRunRepository

AT = datetime(2026, 1, 2, tzinfo=UTC)
DONE = CachedFacts("v", CalculationFacts(True, True, 9, True, 3, 3, -1.0))
FAILED = CachedFacts("v", CalculationFacts(True, False, 100))
TOO_LARGE = CachedFacts("v", None)
compositions = st.sampled_from(["Al", "Al2", "CuZr", "Zr49Cu49Al2"]).map(NominalComposition)
keys = st.builds(RunKey, compositions, st.integers(1, 20) | st.integers(1, 999_999_999))
cached = st.dictionaries(st.integers(0, 14), st.sampled_from([DONE, FAILED, TOO_LARGE]))
scheduled = st.dictionaries(
    keys, st.tuples(st.frozensets(st.integers(0, 14), min_size=1), cached), max_size=12
)
filters = st.sampled_from(
    [
        {},
        {"outcome": "DONE"},
        {"outcome": "NO_DATA"},
        {"nc": "Al2", "labels_complete": False},
        {"nc": "Zr49Cu49Al2,Al,Ni"},
        {"nc": ",".join(["Al2", "CuZr", *(f"H{number}" for number in range(10))])},
        {"elements": "Cu", "sub_run": "0,3-7"},
        {"id_run": "1,2,3", "outcome": "SCF_NOT_CONVERGED"},
    ]
)


class SlowClock(FakeClock):
    """A clock that advances by `seconds` whenever it is read."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def now(self) -> datetime:
        self.advance(self._seconds)
        return super().now()


def store(
    runs: Mapping[RunKey, tuple[frozenset[int], Mapping[int, CachedFacts]]],
) -> tuple[FakeRunRepository, FakeOutcomeCache]:
    repository, cache = FakeRunRepository(), FakeOutcomeCache()
    for key, (sub_runs, facts) in runs.items():
        repository.add(Run(key, sub_runs, AT), str(key))
        if facts:
            cache.put(key, facts)
    return repository, cache


def walk(
    selected: FactFilter,
    limit: int,
    stores: tuple[FakeRunRepository, FakeOutcomeCache],
    clock: FakeClock,
    step_runs: int = 1000,
) -> Iterator[SearchPage]:
    after = None
    while True:
        page = find_sub_runs(
            selected,
            after=after,
            limit=limit,
            runs=stores[0],
            cache=stores[1],
            clock=clock,
            step_runs=step_runs,
        )
        yield page
        if page.last is None:
            return
        assert after is None or page.last > after
        after = decode_sub_run_cursor(encode_sub_run_cursor(page.last))
        assert after == page.last


@settings(deadline=None, max_examples=60)
@given(scheduled, filters, st.integers(1, 20), st.sampled_from([0.0, 10.0]))
def test_pages_have_every_row_once_and_count_every_sub_run_without_facts(
    runs: Mapping[RunKey, tuple[frozenset[int], Mapping[int, CachedFacts]]],
    parameters: Mapping[str, object],
    limit: int,
    seconds: float,
) -> None:
    selected = FactFilter.parse(parameters)
    pages = list(walk(selected, limit, store(runs), SlowClock(seconds), step_runs=4))
    rows = [row for page in pages for row in page.rows]
    expected, unindexed = [], 0
    for key, (sub_runs, cached_facts) in sorted(runs.items()):
        run = Run(key, sub_runs, AT)
        facts = {number: each.facts for number, each in cached_facts.items() if each.facts}
        expected += list_rows(run, facts, selected)
        unindexed += sum(
            selected.includes_sub_run(run, number) for number in sub_runs - facts.keys()
        )
    assert rows == expected
    assert sum(page.unindexed for page in pages) == unindexed
    assert all(len(page.rows) <= limit for page in pages)


def test_a_page_ends_when_its_time_has_passed() -> None:
    runs = {RunKey.parse("Al", str(number)): (frozenset({0}), {0: DONE}) for number in range(1, 8)}
    pages = list(walk(FactFilter(), 100, store(runs), SlowClock(10), step_runs=1))
    assert [len(page.rows) for page in pages] == [1, 1, 1, 1, 1, 1, 1]
    pages = list(walk(FactFilter(), 100, store(runs), SlowClock(0)))
    assert [len(page.rows) for page in pages] == [7]


def test_a_cursor_of_other_filters_is_only_a_position() -> None:
    runs = {
        RunKey.parse(nc, "1"): (frozenset({0, 1}), {0: DONE, 1: DONE}) for nc in ("Al", "Cu", "Zr")
    }
    stores = store(runs)

    def find(after: str, **parameters: str) -> list[str]:
        page = find_sub_runs(
            FactFilter.parse(parameters),
            after=SubRunKey.parse(*after.split("/")),
            limit=10,
            runs=stores[0],
            cache=stores[1],
            clock=FakeClock(),
        )
        return [str(row.key) for row in page.rows]

    assert find("Cu/1/0", nc="Al") == []
    assert find("Cu/1/0", nc="Zr,Al") == ["Zr/1/0", "Zr/1/1"]
    assert find("Cu/1/0", nc="Cu") == ["Cu/1/1"]
    assert find("Cu/9/0", sub_run="1") == ["Zr/1/1"]
    assert find("Zr/999999999/14") == []


def test_facts_are_read_only_of_runs_that_can_match() -> None:
    runs = {
        RunKey.parse(nc, str(number)): (frozenset({0}), {0: DONE})
        for nc in ("Al", "Cu", "Zr")
        for number in range(1, 30)
    }
    repository, _ = store(runs)
    ranges: list[tuple[str, str]] = []

    class RecordingCache(FakeOutcomeCache):
        def list_runs(
            self, first: RunKey, last: RunKey
        ) -> Iterator[tuple[RunKey, Mapping[int, CachedFacts]]]:
            ranges.append((str(first), str(last)))
            return super().list_runs(first, last)

    for _page in walk(
        FactFilter.parse({"elements": "Cu"}), 1000, (repository, RecordingCache()), FakeClock()
    ):
        pass
    assert ranges == [("Cu/1", "Cu/29")]
