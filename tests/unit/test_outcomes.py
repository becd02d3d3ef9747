"""What the files show.

The rules, the reading of outputs by windows, and that nothing is read twice.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.outcomes import (
    OVERLAP_BYTES,
    CachedFacts,
    CalculationFacts,
    Outcome,
    count_bond_labels,
    read_lobster_output,
    read_scf_output,
)
from chalicelib.domain.runs import Run, RunKey
from chalicelib.usecases import outcomes
from chalicelib.usecases.outcomes import OutcomeReader
from tests.support.fakes import FakeClock, FakeDataBucket, FakeOutcomeCache
from tests.support.real_data import RUN_21, needs_run_21

KEY = RunKey(NominalComposition("Zr49Cu49Al2"), 21)
PREFIX = "Zr49Cu49Al2/c/md/lammps/100/21/2000"
ENERGY = b"!    total energy              =  -38989.80301770 Ry\n"
CONVERGED = b"     convergence has been achieved in  61 iterations\n"
LOBSTER = b"LOBSTER v3.0.0\nsetting up CO interactions... found 2 interactions.\nfinished in 17 h 10 min\n"
LABELS = b"  COHP#  atomMU\n      1     Cu1\n      2     Cu1\n"


@pytest.fixture
def bucket() -> FakeDataBucket:
    return FakeDataBucket()


def run_of(*sub_runs: int) -> Run:
    now = FakeClock().now()
    return Run(KEY, frozenset(sub_runs), now, now if len(sub_runs) > 1 else None)


def facts_of(
    bucket: FakeDataBucket, *sub_runs: int, cache: FakeOutcomeCache | None = None
) -> dict[int, CalculationFacts]:
    reader = OutcomeReader(bucket, cache or FakeOutcomeCache(), FakeClock())
    return dict(reader.read(run_of(*sub_runs)))


def published(facts: CalculationFacts) -> str:
    """Return the outcome by the published script, where -1 is no line of labels."""
    qe_file_exists, qe_scf_ok = facts.scf_converged is not None, bool(facts.scf_converged)
    icohp_lines = -1 if facts.bond_labels is None else facts.bond_labels
    if qe_file_exists and not qe_scf_ok:
        return "SCF_NOT_CONVERGED"
    if not facts.lobster_finished and icohp_lines > -1:
        return "LOB_NOT_FINISHED_BUT_ICOHP_OK"
    if qe_file_exists and qe_scf_ok and icohp_lines == -1:
        return "SCF_CONVERGED_BUT_NO_ICOHP"
    if not qe_scf_ok and icohp_lines == -1:
        return "SCF_NOT_CONVERGED_AND_NO_ICOHP"
    return "DONE"


def test_outcomes_equal_those_of_the_published_script_for_all_facts() -> None:
    seen = set()
    for converged, finished, labels in product((None, False, True), (False, True), (None, 0, 2)):
        facts = CalculationFacts(True, converged, None, finished, 2, labels)
        assert facts.outcome == published(facts), facts
        seen.add(facts.outcome)
    assert seen == set(Outcome) - {Outcome.NO_DATA}
    assert CalculationFacts(has_files=False).outcome is Outcome.NO_DATA


@pytest.mark.parametrize(
    ("labels", "expected", "complete"),
    [(2, 2, True), (1, 2, False), (None, None, False), (None, 0, False), (0, 0, True)],
)
def test_completeness_of_labels_is_separate_from_the_outcome(
    labels: int | None, expected: int | None, complete: bool
) -> None:
    assert CalculationFacts(True, True, 5, True, expected, labels).labels_complete is complete


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"", None),
        (b"h", 0),
        (b"h\n", 0),
        (b"h\n1\n", 1),
        (b"h\n1\n2", 2),
        (b"h\r\n1\r\n", 1),
        (b"h\n\n", 1),
    ],
)
def test_labels_are_the_lines_without_the_header_however_the_file_is_cut(
    content: bytes, count: int | None
) -> None:
    assert count_bond_labels([content]) == count
    assert count_bond_labels([bytes([byte]) for byte in content]) == count
    assert count_bond_labels([b"", content, b""]) == count


def test_the_facts_of_a_good_sub_run(bucket: FakeDataBucket) -> None:
    bucket.put(
        f"{PREFIX}/0/Zr49Cu49Al2.scf.out", b"     iteration #  1\n" + CONVERGED + b"Forces\n" * 100
    )
    bucket.put(f"{PREFIX}/0/Zr49Cu49Al2.lb.out", LOBSTER)
    bucket.put(f"{PREFIX}/0/ICOHPLIST.lobster", LABELS)
    facts = facts_of(bucket, 0)[0]
    assert facts == CalculationFacts(True, True, 61, True, 2, 2)
    assert (facts.outcome, facts.labels_complete) == (Outcome.DONE, True)


def test_an_unconverged_run_reports_its_iterations(bucket: FakeDataBucket) -> None:
    bucket.put(
        f"{PREFIX}/0/Zr49Cu49Al2.scf.out",
        b"".join(b"     iteration # %2d\n%s" % (n, b"x" * 3000) for n in range(1, 81)),
    )
    facts = facts_of(bucket, 0)[0]
    assert facts == CalculationFacts(True, False, 80, False, None, None)
    assert facts.outcome is Outcome.SCF_NOT_CONVERGED


def test_a_scheduled_sub_run_without_files_has_no_data(bucket: FakeDataBucket) -> None:
    bucket.put(f"{PREFIX}/3/lobsterin", b"")
    found = facts_of(bucket, 0, 3, 4)
    assert {sub_run: facts.outcome for sub_run, facts in found.items()} == {
        0: Outcome.NO_DATA, 3: Outcome.SCF_NOT_CONVERGED_AND_NO_ICOHP, 4: Outcome.NO_DATA,
    }  # fmt: skip


def test_sub_runs_that_are_not_scheduled_are_not_looked_at(bucket: FakeDataBucket) -> None:
    bucket.put(f"{PREFIX}/3/ICOHPLIST.lobster", LABELS)
    assert set(facts_of(bucket, 0)) == {0}


def test_of_a_large_output_only_the_end_is_read(bucket: FakeDataBucket) -> None:
    bucket.put(
        f"{PREFIX}/0/Zr49Cu49Al2.scf.out",
        b"x\n" * 50_000_000 + ENERGY + CONVERGED + b"y\n" * 20_000,
    )
    assert facts_of(bucket, 0)[0].scf_converged
    assert bucket.read_bytes == 64 * 1024


def test_each_content_is_read_once(bucket: FakeDataBucket) -> None:
    for sub_run in (0, 1, 2):
        bucket.put(f"{PREFIX}/{sub_run}/Zr49Cu49Al2.scf.out", CONVERGED + b"%d" % sub_run)
    records = FakeOutcomeCache()
    first = facts_of(bucket, 0, 1, 2, cache=records)
    bucket.read_keys.clear()
    assert facts_of(bucket, 0, 1, 2, cache=records) == first
    assert bucket.read_keys == []
    bucket.put(f"{PREFIX}/1/Zr49Cu49Al2.scf.out", b"     iteration #  7\n")
    assert facts_of(bucket, 0, 1, 2, cache=records)[1].outcome is Outcome.SCF_NOT_CONVERGED
    assert set(bucket.read_keys) == {f"{PREFIX}/1/Zr49Cu49Al2.scf.out"}


def test_a_file_that_changes_while_it_is_read_leaves_its_sub_run_out(
    bucket: FakeDataBucket,
) -> None:
    bucket.put(f"{PREFIX}/0/Zr49Cu49Al2.scf.out", CONVERGED)
    bucket.put(f"{PREFIX}/1/Zr49Cu49Al2.scf.out", CONVERGED)
    listed = bucket.list_named_files(KEY, [0, 1], ["Zr49Cu49Al2.scf.out"])
    bucket.put(f"{PREFIX}/1/Zr49Cu49Al2.scf.out", b"something else")
    bucket.list_named_files = lambda *_: listed  # type: ignore[method-assign] # the listing of a moment before
    records = FakeOutcomeCache()
    assert set(facts_of(bucket, 0, 1, cache=records)) == {0}
    assert set(records.get(KEY)) == {0}


def test_reading_that_takes_too_long_leaves_a_sub_run_out(
    bucket: FakeDataBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(f"{PREFIX}/0/Zr49Cu49Al2.scf.out", b"x" * 10_000_000)
    clock = FakeClock()
    read_range = bucket.read_range

    def slow(*arguments: object) -> bytes:
        clock.advance(outcomes.READ_TIMEOUT.total_seconds())
        return read_range(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bucket, "read_range", slow)
    assert OutcomeReader(bucket, FakeOutcomeCache(), clock).read(run_of(0)) == {}


def test_of_a_huge_output_only_the_end_and_the_beginning_are_read_and_once(
    bucket: FakeDataBucket,
) -> None:
    bucket.put(
        f"{PREFIX}/0/Zr49Cu49Al2.scf.out",
        bytes(outcomes.MAX_FILE_BYTES) + CONVERGED + bytes(outcomes.MAX_FILE_BYTES),
    )
    records = FakeOutcomeCache()
    assert facts_of(bucket, 0, cache=records) == {}
    assert bucket.read_bytes <= outcomes.MAX_FILE_BYTES + 64 * 1024 + 100 * OVERLAP_BYTES
    bucket.read_keys.clear()
    assert facts_of(bucket, 0, cache=records) == {}
    assert bucket.read_keys == []


def test_the_number_of_bonds_at_the_beginning_of_a_huge_output_is_found(
    bucket: FakeDataBucket,
) -> None:
    bucket.put(
        f"{PREFIX}/0/Zr49Cu49Al2.lb.out",
        LOBSTER + bytes(3 * outcomes.MAX_FILE_BYTES) + b"finished in 1 h\n",
    )
    assert facts_of(bucket, 0)[0].bonds_expected == 2


def test_labels_of_a_huge_list_of_bonds_are_unknown(bucket: FakeDataBucket) -> None:
    bucket.put(f"{PREFIX}/0/Zr49Cu49Al2.scf.out", CONVERGED)
    bucket.put(f"{PREFIX}/0/ICOHPLIST.lobster", b"line\n" * (outcomes.MAX_FILE_BYTES // 5 + 1))
    assert facts_of(bucket, 0) == {}
    assert f"{PREFIX}/0/ICOHPLIST.lobster" not in bucket.read_keys


def test_files_in_folders_below_show_nothing(bucket: FakeDataBucket) -> None:
    bucket.put(f"{PREFIX}/0/old/Zr49Cu49Al2.scf.out", CONVERGED)
    assert facts_of(bucket, 0)[0].outcome is Outcome.NO_DATA


class CountingCache(FakeOutcomeCache):
    def __init__(self) -> None:
        super().__init__()
        self.reads = self.writes = 0

    def get(self, key: RunKey) -> Mapping[int, CachedFacts]:
        self.reads += 1
        return super().get(key)

    def put(self, key: RunKey, facts: Mapping[int, CachedFacts]) -> None:
        self.writes += 1
        super().put(key, facts)


def test_facts_in_memory_spare_the_cache_until_a_file_changes(bucket: FakeDataBucket) -> None:
    for sub_run in (0, 1):
        bucket.put(f"{PREFIX}/{sub_run}/Zr49Cu49Al2.scf.out", CONVERGED)
    cache = CountingCache()
    reader = OutcomeReader(bucket, cache, FakeClock())
    first = reader.read(run_of(0, 1, 2))
    assert (cache.reads, cache.writes) == (1, 1)
    assert reader.read(run_of(0, 1, 2)) == first
    assert (cache.reads, cache.writes) == (1, 1)
    bucket.put(f"{PREFIX}/1/Zr49Cu49Al2.scf.out", b"iteration #  7\n")
    assert reader.read(run_of(0, 1, 2))[1].outcome is Outcome.SCF_NOT_CONVERGED
    assert (cache.reads, cache.writes) == (2, 2)
    reader = OutcomeReader(bucket, cache, FakeClock())
    assert not reader.is_loaded(KEY)
    reader.load(KEY)
    assert reader.is_loaded(KEY)
    bucket.read_keys.clear()
    reader.read(run_of(0, 1, 2))
    assert (cache.reads, cache.writes, bucket.read_keys) == (3, 2, [])


@settings(deadline=None)
@given(before=st.integers(0, 400_000), after=st.integers(0, 400_000))
def test_a_phrase_is_found_wherever_the_windows_are_cut(before: int, after: int) -> None:
    bucket = FakeDataBucket()
    bucket.put(f"{PREFIX}/0/Zr49Cu49Al2.scf.out", b"\n" * before + CONVERGED + b"\n" * after)
    bucket.put(f"{PREFIX}/0/Zr49Cu49Al2.lb.out", b"\n" * before + LOBSTER + b"\n" * after)
    facts = facts_of(bucket, 0)[0]
    assert (
        facts.scf_converged,
        facts.scf_iterations,
        facts.lobster_finished,
        facts.bonds_expected,
    ) == (True, 61, True, 2)


def test_the_energy_is_that_of_the_last_line_with_an_exclamation_mark() -> None:
    earlier = (
        b"!    total energy              =  -1.5 Ry\n     total energy              =  -2.5 Ry\n"
    )
    assert read_scf_output([earlier + ENERGY + CONVERGED]) == (True, 61, -38989.8030177)
    assert read_scf_output([CONVERGED, earlier + ENERGY]) == (True, 61, -38989.8030177)
    assert read_scf_output([ENERGY]) == (False, None, None)


def test_an_energy_that_is_not_there_is_looked_for_in_one_more_window_only() -> None:
    windows = iter([CONVERGED, b"", ENERGY])
    assert read_scf_output(windows) == (True, 61, None)
    assert next(windows) == ENERGY


@given(st.binary(max_size=300))
def test_hostile_outputs_are_read_without_an_error(content: bytes) -> None:
    read_scf_output([content])
    read_lobster_output([content])


@needs_run_21
def test_the_outcomes_of_the_real_run_21_are_the_published_ones() -> None:
    bucket = FakeDataBucket()
    with zipfile.ZipFile(RUN_21) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                bucket.put(name, archive.read(name))
    found = facts_of(bucket, *range(15))
    assert {sub_run: facts.outcome for sub_run, facts in found.items()} == {
        sub_run: Outcome.SCF_NOT_CONVERGED if sub_run == 13 else Outcome.DONE
        for sub_run in range(15)
    }
    assert found[0] == CalculationFacts(True, True, 61, True, 738, 738, -38989.80301770)
    assert found[13].total_energy_ry is None
    assert (found[13].scf_iterations, found[13].bond_labels) == (80, None)
    assert all(facts.labels_complete for sub_run, facts in found.items() if sub_run != 13)
