"""Models of datasets of the client against the schemas of the API."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any

import pytest
from dataops_client.models.datasets import (
    Advisory,
    BondChange,
    DatasetDiff,
    DatasetSummary,
    DatasetVersion,
    DatasetVersions,
    DeletedVersion,
    FreezeProgress,
    OutcomeChange,
)
from dataops_client.models.facts import SubRunFacts

from localdev.paths import ROOT

_DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text())
_DIFF = "/v1/datasets/{dataset}/{version}/diff/{other}"


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of the document, also that of the items of a list."""
    if "items" in schema:
        return resolve(schema["items"])
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = _DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def get_response(path: str, method: str = "get", status: str = "200") -> dict[str, Any]:
    responses = _DOCUMENT["paths"][path][method]["responses"]
    return resolve(responses[status]["content"]["application/json"]["schema"])


def get_items(path: str, name: str) -> dict[str, Any]:
    return resolve(get_response(path)["properties"][name])


_VERSION = "/v1/datasets/{dataset}/{version}"
MODELS = {
    DatasetVersion: get_response(_VERSION),
    DatasetVersions: get_response("/v1/datasets/{dataset}"),
    DatasetSummary: get_items("/v1/datasets", "datasets"),
    DeletedVersion: get_response(_VERSION, "delete"),
    FreezeProgress: get_response("/v1/datasets", "post", "202"),
    Advisory: get_items(_VERSION, "advisories"),
    DatasetDiff: get_response(_DIFF),
    OutcomeChange: get_items(_DIFF, "outcomes"),
    BondChange: get_items(_DIFF, "bonds"),
    SubRunFacts: get_items("/v1/sub-runs", "sub_runs"),
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_api_has_the_fields_of_the_client(model: type[Any]) -> None:
    schema = MODELS[model]
    names = {field.name for field in fields(model)}
    assert names <= schema["properties"].keys()
    required = {field.name for field in fields(model) if field.default is MISSING}
    assert required <= set(schema["required"])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_client_reads_every_field_except_those_of_the_request(model: type[Any]) -> None:
    unread = {"name", "from", "to", "retry_after_seconds"}
    assert MODELS[model]["properties"].keys() - {field.name for field in fields(model)} <= unread
