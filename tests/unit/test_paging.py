"""Lists, items and counts agree, and pages contain every run once despite writes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.api.paging import decode_run_cursor, encode_run_cursor
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.runs import Run, RunKey
from chalicelib.usecases.run_queries import get_run, list_runs, list_runs_page
from tests.support.fakes import FakeRunRepository

AT = datetime(2026, 1, 2, tzinfo=UTC)
compositions = st.sampled_from(
    [NominalComposition(formula) for formula in ("Al", "Al2", "Zr49Cu49Al2", "Zr50Cu40Al10")]
)
keys = st.builds(RunKey, compositions, st.integers(1, 40) | st.integers(1, 999_999_999))


def add(runs: FakeRunRepository, key: RunKey) -> None:
    runs.add(Run(key, frozenset({0}), AT), str(key))


@settings(deadline=None)
@given(
    old=st.sets(keys),
    new=st.lists(st.lists(keys, max_size=4), max_size=40),
    nc=st.none() | compositions,
    limit=st.integers(1, 7),
)
def test_walking_pages_while_others_write_meets_every_old_run_once(
    old: set[RunKey], new: list[list[RunKey]], nc: NominalComposition | None, limit: int
) -> None:
    runs = FakeRunRepository()
    for key in old:
        add(runs, key)
    writes = iter(new)
    met: list[RunKey] = []
    after: RunKey | None = None
    while True:
        page, last = list_runs_page(nc, after=after, limit=limit, runs=runs)
        assert len(page) <= limit
        assert last is None or len(page) == limit
        for run in page:
            assert get_run(run.key, runs=runs) == run
            met.append(run.key)
        for key in next(writes, []):
            add(runs, key)
            add_sub_runs = runs.add_sub_runs(key, [1], AT)
            assert add_sub_runs
        if last is None:
            break
        after = decode_run_cursor(encode_run_cursor(last, nc), nc)
    wanted = {key for key in old if nc in (None, key.nc)}
    assert met == sorted(set(met))
    assert wanted <= set(met)
    assert set(met) <= {run.key for run in list_runs(nc, after=None, runs=runs)}


@settings(deadline=None)
@given(present=st.sets(keys), nc=st.none() | compositions, limit=st.integers(1, 50))
def test_the_pages_together_are_the_whole_list(
    present: set[RunKey], nc: NominalComposition | None, limit: int
) -> None:
    runs = FakeRunRepository()
    for key in present:
        add(runs, key)
    pages: list[Run] = []
    after: RunKey | None = None
    while True:
        page, after = list_runs_page(nc, after=after, limit=limit, runs=runs)
        pages += page
        if after is None:
            break
    assert pages == list(list_runs(nc, after=None, runs=runs))
    assert Counter(run.key for run in pages) == Counter(
        key for key in present if nc in (None, key.nc)
    )


@given(keys, st.none() | compositions)
def test_a_cursor_continues_at_its_position(last: RunKey, nc: NominalComposition | None) -> None:
    assert decode_run_cursor(encode_run_cursor(last, nc), nc) == last
