"""The filters of a search for sub-runs.

`FILTERS` is the only list of them: the query parameters of the API and the selection of a dataset
are generated from it.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .composition import NominalComposition
from .deformation import DEFORMATION_GROUPS
from .errors import InvalidInput
from .outcomes import Outcome
from .runs import parse_id_run, parse_sub_run

FilterValue = str | bool | int | float
_RANGE = re.compile(r"([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_ELEMENT = re.compile(r"[A-Z][a-z]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FilterField:
    """A filter: its name in requests, the type of its value there, and what it selects.

    `parse` returns the normalised value, or raises an error if it is invalid.
    `matches` compares it with a SubRunRow, or with any ScheduledSubRun unless `needs_facts`.
    `minimum` is the least value of a number.
    """

    name: str
    type: type[FilterValue]
    meaning: str
    example: FilterValue
    parse: Callable[[Any], Any]
    matches: Callable[[Any, Any], bool]
    needs_facts: bool = True
    minimum: int | None = None


def _split(parse: Callable[[str], Any]) -> Callable[[str], frozenset[Any]]:
    """Return a parser of values with commas between them."""
    return lambda text: frozenset(map(parse, text.split(",")))


def _parse_element(text: str) -> str:
    if not _ELEMENT.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_deformation(text: str) -> str:
    return DEFORMATION_GROUPS[DEFORMATION_GROUPS.index(text)]


def _parse_sub_runs(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        bounds = _RANGE.fullmatch(part)
        first, last = bounds.groups() if bounds else (part, part)
        numbers = range(parse_sub_run(first), parse_sub_run(last) + 1)
        if not numbers:
            raise ValueError(part)
        found.update(numbers)
    return frozenset(found)


def _parse_count(value: int) -> int:
    if value < 0:
        raise ValueError(value)
    return value


def _parse_energy(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _parse_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(UTC)


def _one_of(
    name: str,
    meaning: str,
    example: str,
    parse: Callable[[str], Any],
    get: Callable[[Any], Any],
    *,
    needs_facts: bool = False,
) -> FilterField:
    return FilterField(
        name,
        str,
        f"{meaning}, with commas between them",
        example,
        _split(parse),
        lambda wanted, row: get(row) in wanted,
        needs_facts=needs_facts,
    )


def _limit(
    name: str, meaning: str, example: FilterValue, get: Callable[[Any], float | None]
) -> FilterField:
    """Return a filter for the least or greatest value; a row without the value does not match."""
    number = type(example)
    compare = operator.ge if name.endswith("_min") else operator.le

    def matches(limit: float, row: Any) -> bool:
        value = get(row)
        return value is not None and bool(compare(value, limit))

    parse = _parse_count if number is int else _parse_energy
    return FilterField(
        name, number, meaning, example, parse, matches, minimum=0 if number is int else None
    )


_FIELDS = (
    _one_of(
        "nc",
        "Nominal compositions",
        "Zr49Cu49Al2",
        NominalComposition.parse,
        lambda row: row.key.run.nc,
    ),
    FilterField(
        "elements",
        str,
        "Element symbols, with commas between them; the composition has all of them",
        "Zr,Al",
        _split(_parse_element),
        lambda wanted, row: row.key.run.nc.elements >= wanted,
        needs_facts=False,
    ),
    _one_of("id_run", "Numbers of runs", "21", parse_id_run, lambda row: row.key.run.id_run),
    FilterField(
        "sub_run",
        str,
        "Sub-runs 0-14 or ranges of them, with commas between them",
        "0-6,13",
        _parse_sub_runs,
        lambda wanted, row: row.key.sub_run in wanted,
        needs_facts=False,
    ),
    _one_of(
        "deformation",
        f"Deformations ({', '.join(DEFORMATION_GROUPS)})",
        "shear",
        _parse_deformation,
        lambda row: row.deformation,
    ),
    _one_of(
        "outcome",
        f"Outcomes ({', '.join(Outcome)})",
        "DONE",
        Outcome,
        lambda row: row.facts.outcome,
        needs_facts=True,
    ),
    FilterField(
        "labels_complete",
        bool,
        "True if the number of bond labels equals the number of expected bonds",
        True,
        bool,
        lambda wanted, row: row.facts.labels_complete is wanted,
    ),
    _limit("bond_labels_min", "Least number of bond labels", 1, lambda row: row.facts.bond_labels),
    _limit(
        "bond_labels_max", "Greatest number of bond labels", 900, lambda row: row.facts.bond_labels
    ),
    _limit(
        "scf_iterations_max",
        "Greatest number of SCF iterations",
        50,
        lambda row: row.facts.scf_iterations,
    ),
    _limit(
        "total_energy_ry_min",
        "Least total energy of a converged cell, in Ry",
        -40000.0,
        lambda row: row.facts.total_energy_ry,
    ),
    _limit(
        "total_energy_ry_max",
        "Greatest total energy of a converged cell, in Ry",
        -30000.0,
        lambda row: row.facts.total_energy_ry,
    ),
    _limit(
        "energy_above_reference_ry_max",
        "Greatest difference to the total energy of sub-run 0 of the same run, in Ry",
        0.5,
        lambda row: row.energy_above_reference_ry,
    ),
    FilterField(
        "scheduled_after",
        str,
        "Scheduled after this time: ISO 8601 with UTC offset or Z",
        "2026-11-23T07:08:09Z",
        _parse_time,
        lambda time, row: row.scheduled_at > time,
        needs_facts=False,
    ),
)
FILTERS: Mapping[str, FilterField] = {field.name: field for field in _FIELDS}
"""The filters by name."""


def parse_value(name: str, value: object) -> Any:
    """Return the normalised value of a filter. InvalidInput for a wrong name or value."""
    field = FILTERS.get(name)
    if field is None:
        raise InvalidInput(f"unknown filter {name!r}; expected one of {', '.join(FILTERS)}")
    types = (int, float) if field.type is float else field.type
    with suppress(ValueError, OverflowError, InvalidInput):
        if isinstance(value, types) and isinstance(value, bool) is (field.type is bool):
            return field.parse(value)
    meaning = f"{field.meaning[0].lower()}{field.meaning[1:]}, such as {field.example!r}"
    expected = "true or false" if field.type is bool else meaning
    raise InvalidInput(f"invalid {name} {value!r}; expected {expected}")


def format_value(value: Any) -> FilterValue:
    """Return a normalised value as `parse_value` accepts it: equal for equal selections."""
    if isinstance(value, frozenset):
        return ",".join(map(str, sorted(value)))
    formatted: FilterValue = value.isoformat() if isinstance(value, datetime) else value
    return formatted
