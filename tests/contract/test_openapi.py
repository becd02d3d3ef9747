"""The OpenAPI document describes every route, error and field of the service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.api.openapi_routes import build_document, list_operations
from chalicelib.api.problems import STATUSES, get_status
from chalicelib.domain.errors import DataOpsError
from chalicelib.openapi import Operation
from localdev.paths import ROOT

PAGES = {"/", "/page/{version}/{name}", "/docs/{version}/{name}"}
"""What people look at: no part of the contract."""

DOCUMENT = build_document("/")


def documented() -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}


def descendants(error: type[DataOpsError]) -> Iterator[type[DataOpsError]]:
    for child in error.__subclasses__():
        yield child
        yield from descendants(child)


def operation_of(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def by_id(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def test_it_is_valid_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_document_equals_the_committed_one() -> None:
    assert json.loads((ROOT / "docs" / "openapi.json").read_text()) == DOCUMENT, (
        "python -m scripts.export_openapi --update"
    )


def test_every_route_is_in_it_and_nothing_else() -> None:
    served = {
        (method, path)
        for path, methods in app.routes.items()
        for method in methods
        if path not in PAGES
    }
    assert documented() == served
    assert set(app.routes) >= PAGES


def test_no_two_routes_name_a_variable_at_the_same_place_differently() -> None:
    """API Gateway refuses that when it is deployed, and not before."""
    names: dict[str, str] = {}
    for path in app.routes:
        parts = path.split("/")
        for depth, part in enumerate(parts):
            if part.startswith("{"):
                place = "/".join("{}" if name.startswith("{") else name for name in parts[:depth])
                assert names.setdefault(place, part) == part, path


def test_every_error_has_a_status_a_meaning_and_a_place_in_it() -> None:
    codes = {
        (int(status), code)
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        for status, response in operation["responses"].items()
        if "application/problem+json" in response.get("content", {})
        for code in re.findall("`(.*?)`", response["description"])
    }
    table = re.findall(r"^\| (\d+) \| `(.*?)` \| .+ \|$", DOCUMENT["info"]["description"], re.M)
    assert {(int(status), code) for status, code in table} == codes
    errors = set(descendants(DataOpsError))
    for error in errors:
        assert get_status(error) != 500, error
        assert error.__doc__, error
        assert error.code != error.__base__.code, error  # type: ignore[union-attr]
    parents = {error for error in errors if error.__subclasses__() and error not in STATUSES}
    raised = {(get_status(error), error.code) for error in errors - parents}
    undocumented = raised - codes
    assert undocumented <= {(409, "conflict")}, "an error that no operation declares"
    assert (500, "internal_error") in codes


@pytest.mark.parametrize("operation", list_operations(), ids=by_id)
def test_every_failure_of_an_operation_is_a_documented_problem(operation: Operation) -> None:
    responses = operation_of(operation)["responses"]
    for error in operation.errors:
        content = responses[str(get_status(error))]["content"]
        assert set(content) == {"application/problem+json"}
        assert content["application/problem+json"]["schema"] == {
            "$ref": "#/components/schemas/Problem"
        }
        assert f"`{error.code}`" in responses[str(get_status(error))]["description"]


@pytest.mark.parametrize("operation", list_operations(), ids=by_id)
def test_every_parameter_and_field_is_in_it(operation: Operation) -> None:
    found = operation_of(operation)
    parameters = {(parameter["in"], parameter["name"]) for parameter in found["parameters"]}
    wanted = {("path", name) for name in re.findall(r"{(\w+)}", operation.path)}
    for place, struct in (("query", operation.query), ("header", operation.headers)):
        if struct:
            wanted |= {(place, field.encode_name) for field in msgspec.structs.fields(struct)}
    wanted -= {("header", "accept")}  # OpenAPI ignores parameters of this name
    assert parameters == wanted
    returned = (
        operation.response if isinstance(operation.response, tuple) else (operation.response,)
    )
    for struct in (*returned, operation.body, *operation.other_responses.values()):
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
            schema = DOCUMENT["components"]["schemas"][struct.__name__]
            assert set(schema["properties"]) == {
                field.encode_name for field in msgspec.structs.fields(struct)
            }
    assert {"200", *map(str, operation.other_responses)} <= set(found["responses"])
    assert bool(operation.body) == ("requestBody" in found)


def test_every_operation_is_named_once_and_described() -> None:
    found = [operation for item in DOCUMENT["paths"].values() for operation in item.values()]
    names = [operation["operationId"] for operation in found]
    assert len(names) == len(set(names))
    for operation in found:
        assert len(operation["summary"]) <= 30
        assert not re.search(r"[`.*]", operation["summary"]), "Swagger UI shows it as it is"
        assert len(operation["description"]) > 30
    tags = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert {tag for operation in found for tag in operation["tags"]} == tags
    assert len(tags) == 5


def test_every_json_response_has_an_example_of_the_sample_that_fits_its_schema() -> None:
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get("application/json")
                if content is None or operation["operationId"] == "openapi_json":
                    continue
                schema = content["schema"] | {"components": DOCUMENT["components"]}
                jsonschema.Draft202012Validator(schema).validate(content["example"])
                assert "string" not in content["example"].values(), (operation, status)


def test_every_request_body_has_an_example_that_fits_its_schema() -> None:
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                schema = content["schema"] | {"components": DOCUMENT["components"]}
                jsonschema.Draft202012Validator(schema).validate(content["example"])


def test_links_of_the_description_lead_to_operations() -> None:
    found = {
        (tag, operation["operationId"])
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        for tag in operation["tags"]
    }
    linked = re.findall(r"\(#/(\w+)/(\w+)\)", DOCUMENT["info"]["description"])
    assert len(linked) == 5
    assert set(linked) <= found


def test_the_documentation_is_linked_if_its_address_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "externalDocs" not in DOCUMENT
    monkeypatch.setenv("DOCUMENTATION_URL", "https://docs.example.org/dataops/")
    document = build_document("/another")
    assert document["externalDocs"]["url"] == "https://docs.example.org/dataops/"


def test_every_example_fits_its_schema() -> None:
    def schemas(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if isinstance(node.get("examples"), list):
                yield node
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                yield from schemas(child)

    found = list(schemas(DOCUMENT))
    assert found
    for schema in found:
        for example in schema["examples"]:
            jsonschema.Draft202012Validator(
                schema | {"components": DOCUMENT["components"]}
            ).validate(example)


def test_path_variables_have_a_pattern_and_an_example() -> None:
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    assert parameter["required"]
                    assert parameter["schema"]["examples"], path
                    assert parameter["example"], "Swagger UI fills it in"
                    assert "pattern" in parameter["schema"] or parameter["name"] == "name"


def test_archives_document_their_other_responses() -> None:
    for path in (
        "/v1/generate/{nc}/{id_run}/download",
        "/v1/generate/{nc}/{id_run}/{sub_run}/download",
    ):
        responses = DOCUMENT["paths"][path]["get"]["responses"]
        assert set(responses["202"]["headers"]) == {"Retry-After"}
        assert responses["202"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/BuildProgress"
        }
        assert set(responses["303"]["headers"]) == {"Location"}


def test_every_link_leads_to_an_operation_that_takes_its_parameters() -> None:
    found = {operation.operation_id: operation for operation in list_operations()}
    for operation in list_operations():
        for link in operation_of(operation)["responses"]["200"].get("links", {}).values():
            assert set(link["parameters"]) == set(found[link["operationId"]].variables)
