"""Whether extracted files still are what they were: by the metadata that each archive brought along, without any network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from dataops_client.errors import NotFound
from dataops_client.models import METADATA_NAME


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong with a file; `kind` is `unreadable` where it is the metadata that cannot be understood."""

    path: Path
    kind: Literal["missing", "changed", "extra", "unreadable"]


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """A folder that an archive was extracted to, how many files it should have, and what is wrong with them."""

    folder: Path
    files: int
    differences: tuple[Difference, ...]


def verify(directory: Path) -> Iterator[VerificationResult]:
    """Check every extracted archive below `directory`, by name. NotFound where there is none. OSError for what cannot be read."""
    found = sorted(directory.rglob(METADATA_NAME))
    if not found:
        raise NotFound(
            f"{str(directory)!r} holds no extracted archive: there is no {METADATA_NAME} in it"
        )
    folders = {metadata.parent for metadata in found}
    for metadata in found:
        yield _checked(metadata.parent, folders - {metadata.parent})


def list_changed_files(folder: Path) -> tuple[str, ...]:
    """Return the files below `folder` that are not as their archive brought them: changed since, by its metadata."""
    try:
        differences = [
            difference for checked in verify(folder) for difference in checked.differences
        ]
    except NotFound:
        return ()
    return tuple(
        difference.path.relative_to(folder).as_posix()
        for difference in differences
        if difference.kind == "changed"
    )


def _checked(folder: Path, others: set[Path]) -> VerificationResult:
    try:
        graph = json.loads((folder / METADATA_NAME).read_bytes())["@graph"]
        described = {
            unquote(entity["@id"]): entity for entity in graph if entity["@type"] == "File"
        }
        differences = [*_wrong(folder, described)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return VerificationResult(folder, 0, (Difference(folder / METADATA_NAME, "unreadable"),))
    for path in sorted(folder.rglob("*")):
        if (
            path.is_dir()
            or path.name == METADATA_NAME
            or any(other in path.parents for other in others if folder in other.parents)
        ):
            continue
        if path.relative_to(folder).as_posix() not in described:
            differences.append(Difference(path, "extra"))
    return VerificationResult(folder, len(described), tuple(differences))


def _wrong(folder: Path, described: Mapping[str, Any]) -> Iterator[Difference]:
    for name, entity in described.items():
        path = folder / name
        if ".." in Path(name).parts or not path.is_file():
            yield Difference(path, "missing")
            continue
        if path.stat().st_size != int(entity["contentSize"]):
            yield Difference(path, "changed")
            continue
        with path.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != entity["sha256"]:
                yield Difference(path, "changed")
