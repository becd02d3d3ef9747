"""Markdown of the OpenAPI document for the documentation: a section per operation and schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def render_operations(document: dict[str, Any]) -> str:
    """Return a section per operation, grouped by tag, and one per schema."""
    operations = [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    parts = []
    for tag in document["tags"]:
        title = tag["name"].replace("_", " ").capitalize()
        parts += [f"## {title}", tag.get("description", "")]
        for method, path, operation in operations:
            if operation["tags"][0] == tag["name"]:
                parts += _render_operation(method, path, operation)
    parts += ["## Schemas", "A field with `?` can be missing."]
    for name, schema in document["components"]["schemas"].items():
        parts += _render_schema(name, schema)
    return "\n\n".join(filter(None, parts))


def _render_operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"({operation['operationId']})=\n### {operation['summary'].rstrip('.')}"
    yield f"```text\n{method} {path}\n```"
    yield operation.get("description", "")
    yield _table(
        ("parameter", "in", "type", "description"),
        [
            (
                f"`{parameter['name']}`",
                parameter["in"] + (", required" if parameter.get("required") else ""),
                _describe_type(parameter["schema"]),
                parameter.get("description", ""),
            )
            for parameter in operation["parameters"]
        ],
    )
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield f"Request body: {_describe_type(media['schema'])}"
    yield _table(
        ("status", "content", "description"),
        [
            (
                status,
                ", ".join(
                    _describe_type(media["schema"]) if media.get("schema") else kind
                    for kind, media in response.get("content", {}).items()
                ),
                response["description"],
            )
            for status, response in operation["responses"].items()
        ],
    )
    example = _find_example(operation)
    if example is not None:
        text = json.dumps(example, indent=2, ensure_ascii=False)
        yield f"Example of a response:\n\n```json\n{text}\n```"


def _render_schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"({_get_label(name)})=\n### {name}"
    yield schema.get("description", "")
    if values := schema.get("enum"):
        yield "One of " + ", ".join(f"`{value}`" for value in values) + "."
    required = set(schema.get("required", ()))
    yield _table(
        ("field", "type", "description"),
        [
            (
                f"`{field}`" + ("" if field in required else " ?"),
                _describe_type(content),
                content.get("description", ""),
            )
            for field, content in schema.get("properties", {}).items()
        ],
    )


def _describe_type(schema: dict[str, Any]) -> str:
    """Return the type of a schema as Markdown, with links to the named schemas."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        text = f"[{name}](#{_get_label(name)})"
    elif options := schema.get("anyOf") or schema.get("oneOf"):
        text = " or ".join(_describe_type(option) for option in options)
    elif "const" in schema or "enum" in schema:
        text = " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "array":
        text = f"list of {_describe_type(schema.get('items', {}))}"
    elif isinstance(schema.get("additionalProperties"), dict):
        text = f"object of {_describe_type(schema['additionalProperties'])}"
    else:
        kind = schema.get("type", "any")
        text = " or ".join(kind) if isinstance(kind, list) else kind
    if "minimum" in schema and "maximum" in schema:
        text += f", {schema['minimum']} to {schema['maximum']}"
    if schema.get("default") not in (None, "", []):
        text += f", default `{json.dumps(schema['default'])}`".replace('"', "")
    return text


def _get_label(schema_name: str) -> str:
    return f"schema-{schema_name.lower()}"


def _find_example(operation: dict[str, Any]) -> Any:
    """Return the example of the first successful response, or None."""
    for status, response in sorted(operation["responses"].items()):
        for media in response.get("content", {}).values() if status < "300" else ():
            if "example" in media:
                return media["example"]
    return None


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
        for row in lines
    )
