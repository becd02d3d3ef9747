"""Messages for values that do not fit their struct: the value, and what is expected instead.

msgspec reports the Python type or the regular expression that a value violates, and its path. The
expectation is derived from the JSON Schema of the field, which the OpenAPI document shows as well.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

_PATH = re.compile(r" - at `\$((?:\.\w+|\[\d+\])+)`$")
_UNKNOWN_FIELD = re.compile(r"^Object contains unknown field `(.*?)`(?: - at |$)", re.DOTALL)
_MISSING_FIELD = re.compile(r"^Object missing required field `(\w+)`")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_TYPES = {"string": "a text", "integer": "an integer", "number": "a number", "array": "a list"}


def describe_invalid(error: msgspec.ValidationError, values: Any, struct: type[Struct]) -> str:
    """Return what is wrong with `values`, which `msgspec.convert` rejected for `struct`.

    Example:
        `sub_runs[0] '15' is invalid; expected a deformed sub-run, 1-14, such as '8'`
    """
    schema = msgspec.json.schema(struct)
    definitions = schema.pop("$defs", {})
    path = _PATH.search(str(error))
    for name, index in _STEP.findall(path[1] if path else ""):
        schema = _resolve(schema, definitions)
        if name:
            values, schema = values[name], schema["properties"][name]
        else:
            values, schema = values[int(index)], schema["items"]
    schema = _resolve(schema, definitions)
    where = path[1].removeprefix(".") if path else ""
    if unknown := _UNKNOWN_FIELD.match(str(error)):
        names = ", ".join(map(repr, schema["properties"]))
        return f"unknown field {unknown[1]!r}{where and f' in {where}'}; expected {names}"
    if missing := _MISSING_FIELD.match(str(error)):
        expected = _describe(_resolve(schema["properties"][missing[1]], definitions))
        return f"the field {missing[1]!r} is missing{where and f' in {where}'}; expected {expected}"
    if path is None:
        return f"expected a JSON object, received {_shorten(values)}"
    return f"{where} {_shorten(values)} is invalid; expected {_describe(schema)}"


def _describe(schema: dict[str, Any]) -> str:
    """Return the permitted values of a schema in words."""
    if "enum" in schema:
        return "one of " + ", ".join(map(repr, schema["enum"]))
    if schema.get("type") == "boolean":
        return "true or false"
    if "minimum" in schema and "maximum" in schema:
        return f"{_TYPES[schema['type']]} from {schema['minimum']} to {schema['maximum']}"
    if "maxItems" in schema:
        least = f"{schema['minItems']} to" if "minItems" in schema else "at most"
        return f"{least} {schema['maxItems']} values"
    if "minItems" in schema:
        return "a list of at least one value"
    expected = _TYPES.get(schema.get("type", ""), "another type")
    if "maxLength" in schema and "pattern" not in schema:
        expected += f" of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if description := schema.get("description"):
        text = description.replace("`", "'")
        expected = text[0].lower() + text[1:]
    examples = schema.get("examples", [])
    return f"{expected}, such as {examples[0]!r}" if examples else expected


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema without a reference, and without the alternative null."""
    variants = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if variants:
        schema = {**schema, **variants[0]}
    reference = schema.get("$ref", "").rpartition("/")[2]
    return {**schema, **definitions[reference]} if reference else schema


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
