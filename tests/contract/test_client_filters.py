"""Filters of the client against the parameters that the API declares."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dataops_client.filters import DEFORMATION_KINDS, FILTERS

from localdev.paths import ROOT

_TYPES = {list: "string", str: "string", bool: "boolean", int: "integer", float: "number"}
_OPERATION = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]["/v1/sub-runs"][
    "get"
]
PARAMETERS: dict[str, dict[str, Any]] = {
    each["name"]: each["schema"]
    for each in _OPERATION["parameters"]
    if each["in"] == "query" and each["name"] not in ("limit", "cursor")
}


def test_client_and_api_have_the_same_filters_in_the_same_order() -> None:
    assert [each.name for each in FILTERS] == list(PARAMETERS)


@pytest.mark.parametrize("found", FILTERS, ids=lambda found: found.name)
def test_a_filter_has_the_type_of_the_api(found: Any) -> None:
    schema = PARAMETERS[found.name]
    assert schema["type"] == _TYPES[found.kind]
    assert (found.kind is list) == ("(," in schema.get("pattern", ""))


def test_the_client_names_the_deformations_of_the_api() -> None:
    for name in DEFORMATION_KINDS:
        assert name in PARAMETERS["deformation"]["pattern"]
