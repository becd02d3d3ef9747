"""RO-Crate 1.2 metadata that each archive contains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

METADATA_NAME = "ro-crate-metadata.json"

Entity = dict[str, Any]


class InvalidMetadata(ValueError):
    """Metadata file that is not a readable RO-Crate."""


def read_entities(path: Path) -> list[Entity]:
    """Return the entities of a metadata file.

    Raises:
        InvalidMetadata: The file is not an RO-Crate.
        OSError: The file cannot be read.
    """
    try:
        return list(json.loads(path.read_bytes())["@graph"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidMetadata(f"{path} is not RO-Crate metadata: {error!r}") from error


def get_files(entities: list[Entity]) -> dict[str, Entity]:
    """Return the described files by path, relative to the folder of the metadata."""
    try:
        return {unquote(entity["@id"]): entity for entity in entities if entity["@type"] == "File"}
    except (KeyError, TypeError) as error:
        raise InvalidMetadata(f"a file of the metadata has no valid @id: {error!r}") from error
