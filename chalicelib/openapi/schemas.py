"""JSON Schemas of the types of operations: components by their explicit names, and parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from .operations import OpenApiContext, Operation

_REF = "#/components/schemas/{name}"

Schema = dict[str, Any]


class Schemas:
    """The schemas of all types of the operations."""

    def __init__(self, operations: Sequence[Operation], context: OpenApiContext) -> None:
        parameters = [
            struct
            for operation in operations
            for struct in (operation.query, operation.headers)
            if struct
        ]
        types = [
            *context.variables.values(),
            *(type_ for operation in operations for type_ in operation.types),
            context.problem,
        ]
        distinct = list({repr(each): each for each in [*parameters, *types]}.values())
        references, components = _generate(distinct, context.schema_names)
        self._references = dict(zip(map(repr, distinct), references, strict=True))
        self._parameters = {
            struct.__name__: components.pop(struct.__name__) for struct in dict.fromkeys(parameters)
        }
        if unnamed := components.keys() - context.schema_names.keys():
            raise LookupError(f"schemas without an explicit name: {sorted(unnamed)}")
        self.components = {
            name: _format_component(schema)
            | getattr(context.schema_names[name], "EXTRA_SCHEMA", {})
            for name, schema in sorted(components.items())
        }

    def reference(self, type_: Any) -> Schema:
        """Return the schema of a type: a reference if it is a component."""
        return self._references[repr(type_)]

    def parameters(self, struct: type[msgspec.Struct] | None, location: str) -> list[Schema]:
        """Return the fields of a struct as parameters in the `query` or the `header`."""
        if struct is None:
            return []
        schema = self._parameters[struct.__name__]
        required = schema.get("required", ())
        return [
            format_parameter(name, location, _remove_null(field), required=name in required)
            for name, field in schema["properties"].items()
        ]


def format_parameter(name: str, location: str, schema: Schema, *, required: bool) -> Schema:
    """Return a parameter object; a description of its schema becomes its own."""
    if schema.get("default") == []:
        schema = {key: value for key, value in schema.items() if key != "default"}
    parameter: Schema = {"name": name, "in": location, "required": required, "schema": schema}
    if "description" in schema:
        parameter["description"] = schema["description"]
    return parameter


def _generate(
    types: list[Any], names: Mapping[str, type]
) -> tuple[list[Schema], dict[str, Schema]]:
    """Return the schemas of `types`, and all components by their explicit names.

    msgspec names components after classes.
    """
    references, components = msgspec.json.schema_components(
        [*types, *names.values()], ref_template=_REF
    )
    ours = {
        reference["$ref"]: _REF.format(name=name)
        for name, reference in zip(names, references[len(types) :], strict=True)
    }

    def rename(schema: Any) -> Any:
        if isinstance(schema, dict):
            return {
                key: ours.get(value, value) if key == "$ref" else rename(value)
                for key, value in schema.items()
            }
        return [rename(each) for each in schema] if isinstance(schema, list) else schema

    renamed = {}
    for name, schema in components.items():
        reference = _REF.format(name=name)
        renamed[ours.get(reference, reference).rpartition("/")[2]] = rename(schema)
    return rename(references[: len(types)]), renamed


def _format_component(schema: Schema) -> Schema:
    """Return the schema with the docstring as description, and without its redundant title."""
    kept = {name: value for name, value in schema.items() if name != "title"}
    if "description" in kept:
        kept["description"] = inspect.cleandoc(kept["description"])
    if "properties" in kept:
        kept["properties"] = {
            name: _replace_prefix_items(field) for name, field in kept["properties"].items()
        }
    return kept


def _replace_prefix_items(field: Schema) -> Schema:
    """Return a tuple of one type as an array of fixed length, which means the same.

    Client generators do not support prefixItems.
    """
    kinds = field.get("prefixItems", [])
    if not kinds or any(kind != kinds[0] for kind in kinds):
        return field
    kept = {name: value for name, value in field.items() if name != "prefixItems"}
    return kept | {"items": kinds[0]}


def _remove_null(schema: Schema) -> Schema:
    """Return the schema of a parameter, which is given or missing but never null."""
    if "anyOf" not in schema:
        return schema
    variants = [variant for variant in schema["anyOf"] if variant != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**variants[0], **rest} if len(variants) == 1 else {**rest, "anyOf": variants}
