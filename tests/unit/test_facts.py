"""Filters of calculation facts, and the rows that they select."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.deformation import DEFORMATIONS
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.fact_filters import FILTERS, FilterValue
from chalicelib.domain.facts import FactFilter, list_rows
from chalicelib.domain.outcomes import CalculationFacts, Outcome
from chalicelib.domain.runs import Run, RunKey

SCHEDULED = datetime(2026, 1, 2, tzinfo=UTC)
AUGMENTED = SCHEDULED + timedelta(days=1)
RUN = Run(RunKey.parse("Zr49Cu49Al2", "21"), frozenset(range(15)), SCHEDULED, AUGMENTED)
FACTS = {
    0: CalculationFacts(True, True, 20, True, 656, 656, -4496.5),
    1: CalculationFacts(True, True, 30, True, 700, 690, -4496.488),
    7: CalculationFacts(True, False, 100, True, 600, 600),
    8: CalculationFacts(True, True, 40, True, None, None, -4496.6),
    9: CalculationFacts(False),
    13: CalculationFacts(True, True, 50, False, None, 10, -4490.0),
}
EVERY = tuple(FACTS)


def select(**parameters: FilterValue) -> tuple[int, ...]:
    rows = list_rows(RUN, FACTS, FactFilter.parse(parameters))
    return tuple(row.key.sub_run for row in rows)


@pytest.mark.parametrize(
    ("name", "value", "selected"),
    [
        ("nc", "Zr49Cu49Al2", EVERY),
        ("nc", "Cu,Zr49Cu49Al2", EVERY),
        ("nc", "Cu49Zr49Al2", ()),
        ("elements", "Al", EVERY),
        ("elements", "Zr,Al", EVERY),
        ("elements", "Zr,Ni", ()),
        ("elements", "A,C", ()),
        ("id_run", "21", EVERY),
        ("id_run", "1,2", ()),
        ("sub_run", "0", (0,)),
        ("sub_run", "13,0-1,1", (0, 1, 13)),
        ("sub_run", "8-7", (7, 8)),
        ("deformation", "reference", (0,)),
        ("deformation", "shear", (1,)),
        ("deformation", "tension,compression", (7, 8, 9)),
        ("deformation", "isotropic", (13,)),
        ("outcome", "DONE", (0, 1)),
        ("outcome", "NO_DATA,SCF_CONVERGED_BUT_NO_ICOHP", (8, 9)),
        ("labels_complete", True, (0, 7)),
        ("labels_complete", False, (1, 8, 9, 13)),
        ("bond_labels_min", 656, (0, 1)),
        ("bond_labels_min", 0, (0, 1, 7, 13)),
        ("bond_labels_max", 600, (7, 13)),
        ("scf_iterations_max", 40, (0, 1, 8)),
        ("total_energy_ry_min", -4496.5, (0, 1, 13)),
        ("total_energy_ry_max", -4496.5, (0, 8)),
        ("total_energy_ry_max", -4000, (0, 1, 8, 13)),
        ("energy_above_reference_ry_max", 0.012, (0, 1, 8)),
        ("energy_above_reference_ry_max", 0, (0, 8)),
        ("scheduled_after", "2026-01-01T00:00:00Z", EVERY),
        ("scheduled_after", "2026-01-02T00:00:00+00:00", (1, 7, 8, 9, 13)),
        ("scheduled_after", "2026-01-03T01:00:00+01:00", ()),
    ],
)
def test_each_filter_selects_by_its_fact(
    name: str, value: FilterValue, selected: tuple[int, ...]
) -> None:
    assert select(**{name: value}) == selected


def test_every_filter_has_a_case() -> None:
    (cases,) = test_each_filter_selects_by_its_fact.pytestmark  # type: ignore[attr-defined]
    assert {name for name, _, _ in cases.args[1]} == FILTERS.keys()


def test_a_row_matches_all_filters() -> None:
    assert select(outcome="DONE", labels_complete=True, nc="Zr49Cu49Al2") == (0,)
    assert select() == EVERY


@pytest.mark.parametrize("name", FILTERS)
def test_the_examples_are_valid(name: str) -> None:
    field = FILTERS[name]
    assert FactFilter.parse({name: field.example}).get(name) is not None
    assert isinstance(field.example, field.type)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nc", ""),
        ("nc", "Zr49Cu49Al2,"),
        ("nc", "zr"),
        ("nc", 5),
        ("elements", "Zr Al"),
        ("elements", "ZR"),
        ("elements", "Zr2"),
        ("id_run", "0"),
        ("sub_run", "15"),
        ("sub_run", "0-15"),
        ("sub_run", 0),
        ("deformation", "shear xy"),
        ("outcome", "done"),
        ("labels_complete", 1),
        ("labels_complete", "true"),
        ("bond_labels_min", -1),
        ("bond_labels_min", True),
        ("bond_labels_max", 1.5),
        ("scf_iterations_max", None),
        ("total_energy_ry_min", float("nan")),
        ("total_energy_ry_max", float("inf")),
        ("total_energy_ry_max", 10**400),
        ("energy_above_reference_ry_max", "1"),
        ("scheduled_after", "2026-01-01T00:00:00"),
        ("scheduled_after", "2026-01-01T00:00:00 00:00"),
        ("scheduled_after", "0001-01-01T00:00:00+14:00"),
        ("scheduled_after", "yesterday"),
    ],
)
def test_an_invalid_value_is_reported_with_what_is_expected(name: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        FactFilter.parse({name: value})
    assert str(caught.value).startswith(f"invalid {name} {value!r}; expected ")


def test_an_unknown_filter_is_reported_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="unknown filter 'outcomes'; expected one of nc, "):
        FactFilter.parse({"outcomes": "DONE"})


def test_equal_selections_have_equal_dictionaries() -> None:
    one = FactFilter.parse(
        {
            "sub_run": "0-2",
            "outcome": "DONE,NO_DATA",
            "total_energy_ry_max": -1,
            "scheduled_after": "2026-01-01T02:00:00+02:00",
        }
    )
    other = FactFilter.parse(
        {
            "scheduled_after": "2026-01-01T00:00:00Z",
            "outcome": "NO_DATA,DONE,DONE",
            "total_energy_ry_max": -1.0,
            "sub_run": "2,1,0",
        }
    )
    assert one == other and hash(one) == hash(other)
    assert list(one.to_dict().items()) == list(other.to_dict().items())
    assert one.to_dict() == {
        "outcome": "DONE,NO_DATA",
        "scheduled_after": "2026-01-01T00:00:00+00:00",
        "sub_run": "0,1,2",
        "total_energy_ry_max": -1.0,
    }


subsets = st.sets(st.sampled_from(range(15)), min_size=1)
filters = st.fixed_dictionaries(
    {},
    optional={
        "sub_run": subsets.map(lambda numbers: ",".join(map(str, numbers))),
        "outcome": st.lists(st.sampled_from(Outcome), min_size=1).map(",".join),
        "labels_complete": st.booleans(),
        "bond_labels_min": st.integers(0, 1000),
        "total_energy_ry_max": st.floats(allow_nan=False, allow_infinity=False),
        "scheduled_after": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    },
)


@given(filters)
def test_the_normalised_values_are_the_same_filter(parameters: dict[str, FilterValue]) -> None:
    parsed = FactFilter.parse(parameters)
    assert FactFilter.parse(parsed.to_dict()) == parsed
    assert list(parsed.to_dict()) == sorted(parsed.to_dict())


@given(filters)
def test_each_selected_sub_run_is_included_without_facts(
    parameters: dict[str, FilterValue],
) -> None:
    parsed = FactFilter.parse(parameters)
    rows = list_rows(RUN, FACTS, parsed)
    assert all(parsed.includes_sub_run(RUN, row.key.sub_run) for row in rows)
    assert parsed.includes_run(RUN) or not rows


def test_sub_runs_that_are_not_scheduled_are_not_included() -> None:
    run = Run(RUN.key, frozenset({0}), SCHEDULED)
    assert [row.key.sub_run for row in list_rows(run, FACTS, FactFilter())] == [0]
    assert not FactFilter().includes_sub_run(run, 1)
    assert not FactFilter.parse({"sub_run": "1"}).includes_run(run)


def test_the_energy_above_the_reference_needs_both_energies() -> None:
    (row,) = list_rows(RUN, {1: FACTS[1]}, FactFilter())
    assert row.energy_above_reference_ry is None
    by_sub_run = {row.key.sub_run: row for row in list_rows(RUN, FACTS, FactFilter())}
    assert by_sub_run[1].energy_above_reference_ry == 0.012
    assert by_sub_run[7].energy_above_reference_ry is None
    assert (by_sub_run[0].scheduled_at, by_sub_run[1].scheduled_at) == (SCHEDULED, AUGMENTED)
    assert all(row.deformation in DEFORMATIONS[sub].kind for sub, row in by_sub_run.items())
