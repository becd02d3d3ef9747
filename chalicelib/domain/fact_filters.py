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

from .composition import FORMULA_PATTERN, NominalComposition
from .deformation import DEFORMATION_GROUPS
from .errors import InvalidInput
from .outcomes import Outcome
from .runs import ID_RUN_PATTERN, SUB_RUN_PATTERN

FilterValue = str | bool | int | float


@dataclass(frozen=True, slots=True)
class FilterField:
    """A filter: its name in requests, the type of its value there, and what it selects.

    `pattern` is the regular expression of a text, `format` its format in JSON Schema, `minimum` the
    least value of a number. `parse` returns the normalised value, or raises ValueError or
    OverflowError if it is invalid. `matches` compares it with a SubRunRow, or with any
    ScheduledSubRun unless `needs_facts`.
    """

    name: str
    type: type[FilterValue]
    meaning: str
    example: FilterValue
    parse: Callable[[Any], Any]
    matches: Callable[[Any, Any], bool]
    needs_facts: bool = True
    pattern: str | None = None
    format: str | None = None
    minimum: int | None = None


def _list_of(part: str) -> str:
    return f"^({part})(,({part}))*$"


def _parse_sub_runs(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        numbers = [int(number) for number in part.split("-")]
        found.update(range(min(numbers), max(numbers) + 1))
    return frozenset(found)


def _parse_finite(value: float) -> float:
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
    part: str,
    *,
    get: Callable[[Any], Any],
    parse: Callable[[str], Any] = str,
) -> FilterField:
    """Return a filter for one of several values, each with the pattern `part`."""
    return FilterField(
        name,
        str,
        f"{meaning}, with commas between them",
        example,
        lambda text: frozenset(map(parse, text.split(","))),
        lambda wanted, row: get(row) in wanted,
        needs_facts=name == "outcome",
        pattern=_list_of(part),
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

    parse, minimum = (int, 0) if number is int else (_parse_finite, None)
    return FilterField(name, number, meaning, example, parse, matches, minimum=minimum)


_SUB_RUN = SUB_RUN_PATTERN.strip("^$")
_FIELDS = (
    _one_of(
        "nc",
        "Nominal compositions",
        "Zr49Cu49Al2",
        FORMULA_PATTERN.strip("^$"),
        get=lambda row: row.key.run.nc,
        parse=NominalComposition,
    ),
    FilterField(
        "elements",
        str,
        "Element symbols, with commas between them; the composition has all of them",
        "Zr,Al",
        lambda text: frozenset(text.split(",")),
        lambda wanted, row: row.key.run.nc.elements >= wanted,
        needs_facts=False,
        pattern=_list_of("[A-Z][a-z]?"),
    ),
    _one_of(
        "id_run",
        "Numbers of runs",
        "21",
        ID_RUN_PATTERN.strip("^$"),
        get=lambda row: row.key.run.id_run,
        parse=int,
    ),
    FilterField(
        "sub_run",
        str,
        "Sub-runs 0-14 or ranges of them, with commas between them",
        "0-6,13",
        _parse_sub_runs,
        lambda wanted, row: row.key.sub_run in wanted,
        needs_facts=False,
        pattern=_list_of(f"{_SUB_RUN}(-{_SUB_RUN})?"),
    ),
    _one_of(
        "deformation",
        f"Deformations ({', '.join(DEFORMATION_GROUPS)})",
        "shear",
        "|".join(DEFORMATION_GROUPS),
        get=lambda row: row.deformation,
    ),
    _one_of(
        "outcome",
        f"Outcomes ({', '.join(Outcome)})",
        "DONE",
        "|".join(Outcome),
        get=lambda row: row.facts.outcome,
        parse=Outcome,
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
        format="date-time",
    ),
)
FILTERS: Mapping[str, FilterField] = {field.name: field for field in _FIELDS}
"""The filters by name."""


def parse_value(name: str, value: object) -> Any:
    """Return the normalised value of a filter. InvalidInput for a wrong name or value."""
    field = FILTERS.get(name)
    if field is None:
        raise InvalidInput(f"unknown filter {name!r}; expected one of {', '.join(FILTERS)}")
    with suppress(ValueError, OverflowError):
        if _has_form(field, value):
            return field.parse(value)
    meaning = f"{field.meaning[0].lower()}{field.meaning[1:]}, such as {field.example!r}"
    expected = "true or false" if field.type is bool else meaning
    raise InvalidInput(f"invalid {name} {value!r}; expected {expected}")


def _has_form(field: FilterField, value: object) -> bool:
    """Return True if the value has the type, pattern and minimum of the field."""
    if isinstance(value, bool) or field.type is bool:
        return isinstance(value, bool) and field.type is bool
    if isinstance(value, str):
        pattern = (field.pattern or ".*").strip("^$")
        return field.type is str and re.fullmatch(pattern, value) is not None
    types = (int, float) if field.type is float else field.type
    return isinstance(value, types) and (field.minimum is None or float(value) >= field.minimum)


def format_value(value: Any) -> FilterValue:
    """Return a normalised value as `parse_value` accepts it: equal for equal selections."""
    if isinstance(value, frozenset):
        return ",".join(map(str, sorted(value)))
    formatted: FilterValue = value.isoformat() if isinstance(value, datetime) else value
    return formatted
