"""Filters of sub-runs by calculation facts: one table for the library and the commands.

The API defines the same names and types. tests/contract/test_client_filters.py compares both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from dataops_client.deformations import DEFORMATIONS
from dataops_client.errors import InvalidRequest
from dataops_client.sub_run_ranges import parse_ranges

DEFORMATION_KINDS = ("reference", "shear", "tension", "compression", "isotropic")
_EXPECTED = {bool: "True or False", int: "an integer", float: "a number", str: "a text"}


class Filter(NamedTuple):
    """Filter: name, type of its value, and what it selects.

    The type `list` stands for texts that the API accepts separated by commas.
    """

    name: str
    kind: type
    help: str


FILTERS = (
    Filter("nc", list, "Compositions, such as Zr49Cu49Al2."),
    Filter("elements", list, "Elements that the composition contains, all of them: Zr,Al."),
    Filter("id_run", list, "Numbers of runs, such as 21,22."),
    Filter("sub_run", list, "Numbers of sub-runs, such as 0-6,13."),
    Filter("deformation", list, f"{', '.join(DEFORMATION_KINDS[:-1])} or {DEFORMATION_KINDS[-1]}."),
    Filter("outcome", list, "Outcomes, such as DONE."),
    Filter("labels_complete", bool, "Whether every bond has a strength."),
    Filter("bond_labels_min", int, "Smallest number of bond strengths."),
    Filter("bond_labels_max", int, "Largest number of bond strengths."),
    Filter("scf_iterations_max", int, "Largest number of SCF iterations."),
    Filter("total_energy_ry_min", float, "Lowest total energy in Ry."),
    Filter("total_energy_ry_max", float, "Highest total energy in Ry."),
    Filter(
        "energy_above_reference_ry_max",
        float,
        "Highest energy above that of sub-run 0 of the same run, in Ry.",
    ),
    Filter("scheduled_after", str, "Time of scheduling: 2026-01-31T00:00:00Z."),
)
_KINDS = {each.name: each.kind for each in FILTERS}


def normalize_filters(values: Mapping[str, Any]) -> dict[str, str | bool | int | float]:
    """Return filters as the API accepts them in JSON. Those that are None are left out.

    Raises:
        InvalidRequest: There is no such filter, or its value has another type.
    """
    return {name: _normalize(name, value) for name, value in values.items() if value is not None}


def format_query(filters: Mapping[str, str | bool | int | float]) -> dict[str, str]:
    """Return normalized filters as the parameters of a query."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in filters.items()
    }


def _normalize(name: str, value: Any) -> str | bool | int | float:
    kind: Any = _KINDS.get(name)
    if kind is None:
        raise InvalidRequest(f"unknown filter {name!r}; expected one of {', '.join(_KINDS)}")
    if kind is list:
        return _join(name, value)
    if isinstance(value, datetime):
        value = value.isoformat()
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise InvalidRequest(f"filter {name} is {value!r}; expected {_EXPECTED[kind]}")
    return value  # type: ignore[no-any-return]


def _join(name: str, value: Any) -> str:
    values = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    text = ",".join(str(each).strip() for each in values)
    if name not in ("id_run", "sub_run"):
        return text
    numbers = parse_ranges(text)
    if name == "sub_run" and any(int(each) >= len(DEFORMATIONS) for each in numbers):
        raise InvalidRequest(f"filter sub_run is {text!r}; expected 0 to {len(DEFORMATIONS) - 1}")
    return ",".join(numbers)
