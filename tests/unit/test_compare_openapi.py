"""The comparison of OpenAPI documents, which separates texts from the contract."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.compare_openapi import find_differences, format_path, main

DOCUMENT: dict[str, Any] = {
    "info": {"title": "API", "version": "1"},
    "paths": {
        "/runs": {
            "get": {
                "summary": "List runs",
                "responses": {
                    "404": {
                        "description": "Not found",
                        "content": {
                            "application/problem+json": {
                                "examples": {
                                    "not_found": {
                                        "value": {"code": "not_found", "detail": "no run 7"}
                                    }
                                }
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Run": {
                "description": "A run.",
                "properties": {
                    "title": {"type": "string"},
                    "nc": {"type": "string", "description": "Formula", "examples": ["Al2"]},
                },
                "required": ["nc"],
            },
            "Problem": {"properties": {"detail": {"type": "string", "examples": ["no run 7"]}}},
        }
    },
}


def changed(path: list[str], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return document


EXAMPLE = [
    *("paths", "/runs", "get", "responses", "404", "content", "application/problem+json"),
    *("examples", "not_found", "value"),
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (["info", "title"], "title"),
        (["paths", "/runs", "get", "summary"], "summary"),
        (["paths", "/runs", "get", "description"], "description"),
        (["components", "schemas", "Run", "properties", "nc", "description"], "description"),
        ([*EXAMPLE, "detail"], "example detail"),
    ],
)
def test_a_changed_or_added_text_is_counted_as_text(path: list[str], kind: str) -> None:
    assert list(find_differences(DOCUMENT, changed(path, "other"))) == [(tuple(path), kind)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["info", "version"], "2"),
        ([*EXAMPLE, "code"], "other"),
        (["components", "schemas", "Run", "properties", "nc", "examples"], ["Cu2"]),
        (["components", "schemas", "Run", "properties", "title"], {"type": "integer"}),
        (["components", "schemas", "Run", "properties", "description"], {"type": "string"}),
        (["components", "schemas", "Run", "required"], ["nc", "title"]),
        (["paths", "/runs", "post"], {}),
    ],
)
def test_any_other_change_is_a_change_of_the_contract(path: list[str], value: Any) -> None:
    for old, new in (
        (DOCUMENT, changed(path, value)),
        (changed(path, value), DOCUMENT),
    ):
        kinds = {kind for _, kind in find_differences(old, new)}
        assert kinds == {"contract"}


def test_the_example_of_a_problem_detail_is_text() -> None:
    path = ["components", "schemas", "Problem", "properties", "detail", "examples"]
    (difference,) = find_differences(DOCUMENT, changed(path, ["no run 8"]))
    assert difference == ((*path, "0"), "example detail")


def test_paths_are_json_pointers() -> None:
    assert format_path(("paths", "/runs", "a~b")) == "/paths/~1runs/a~0b"


def compare(folder: Path, new: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, document in (("old.json", DOCUMENT), ("new.json", new)):
        (folder / name).write_text(json.dumps(document))
    arguments = ["compare_openapi", str(folder / "old.json"), str(folder / "new.json")]
    monkeypatch.setattr(sys, "argv", arguments)
    main()


def test_the_command_counts_differences_in_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compare(tmp_path, changed(["info", "title"], "other"), monkeypatch)
    assert capsys.readouterr().out == "differs in texts only: 1 title\n"


def test_the_command_fails_with_the_path_of_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as caught:
        compare(tmp_path, changed(["info", "version"], "2"), monkeypatch)
    assert caught.value.code == "differs: /info/version"
