"""Verification of extracted files against the metadata of their archives, without the API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataops_client.errors import NotFound
from dataops_client.existing_files import hash_file, list_files
from dataops_client.html_tables import format_count, format_html_table
from dataops_client.ro_crate import METADATA_NAME, Entity, get_files, read_entities

_UNREADABLE = (ValueError, KeyError, TypeError)
"""Raised for metadata that are not those of an archive."""


@dataclass(frozen=True, slots=True)
class Difference:
    """File that differs from its archive. Unreadable metadata have the kind `unreadable`."""

    path: Path
    kind: Literal["missing", "changed", "extra", "unreadable"]


@dataclass(frozen=True, slots=True, repr=False)
class VerificationResult:
    """Result for one extracted archive: its folder, its number of files, and the differences."""

    folder: Path
    files: int
    differences: tuple[Difference, ...]

    @property
    def state(self) -> Literal["OK", "MODIFIED"]:
        return "MODIFIED" if self.differences else "OK"

    def __repr__(self) -> str:
        count = format_count(len(self.differences), "difference")
        found = f", {count}" if self.differences else ""
        files = format_count(self.files, "file")
        return f"VerificationResult({self.folder}, {files}, {self.state}{found})"

    def _repr_html_(self) -> str:
        rows = [(found.kind, found.path) for found in self.differences]
        return format_html_table(repr(self), ("difference", "file"), rows)


def verify(directory: str | os.PathLike[str]) -> Iterator[VerificationResult]:
    """Verify every extracted archive below a folder by file size and SHA-256.

    Args:
        directory: Folder that archives were extracted to.

    Yields:
        One result per archive, in the order of their paths, numbers in numeric order.

    Raises:
        NotFound: `directory` does not exist, or contains no extracted archive.
        OSError: A file cannot be read.

    Example:
        >>> for result in verify("files"):
        ...     print(result.folder, result.differences)
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise NotFound(f"folder {str(directory)!r} does not exist")
    found = _find_metadata(directory)
    if not found and (directory / "dataops.lock").is_file():
        raise NotFound(
            f"{str(directory)!r} is a pulled dataset; use `dataops dataset verify {directory}`"
        )
    if not found:
        raise NotFound(
            f"no extracted archive found: {str(directory)!r} contains no {METADATA_NAME}; "
            "name the folder that `dataops download` wrote to"
        )
    folders = {metadata.parent for metadata in found}
    for metadata in found:
        yield _verify_folder(metadata.parent, folders - {metadata.parent})


def list_changed_files(
    folder: Path, hash_file: Callable[[Path], str] = hash_file
) -> tuple[str, ...]:
    """Return the files below `folder` that were changed since their archive was extracted."""
    differences: list[Difference] = []
    for metadata in _find_metadata(folder):
        with suppress(*_UNREADABLE):
            differences += _compare(metadata.parent, _read_files(metadata), hash_file)
    return tuple(
        found.path.relative_to(folder).as_posix()
        for found in differences
        if found.kind == "changed"
    )


def _find_metadata(folder: Path) -> list[Path]:
    paths = (folder / name for name in list_files(folder))
    return sorted((path for path in paths if path.name == METADATA_NAME), key=_get_sort_key)


def _get_sort_key(path: Path) -> list[tuple[bool, int, str]]:
    parts = path.parent.parts
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _verify_folder(folder: Path, others: set[Path]) -> VerificationResult:
    try:
        described = _read_files(folder / METADATA_NAME)
        differences = _compare(folder, described, hash_file)
    except _UNREADABLE:
        return VerificationResult(folder, 0, (Difference(folder / METADATA_NAME, "unreadable"),))
    nested = {other for other in others if folder in other.parents}
    for path in sorted(folder / name for name in list_files(folder)):
        if path.name == METADATA_NAME or not nested.isdisjoint(path.parents):
            continue
        if path.relative_to(folder).as_posix() not in described:
            differences.append(Difference(path, "extra"))
    return VerificationResult(folder, len(described), tuple(differences))


def _read_files(metadata: Path) -> Mapping[str, Entity]:
    return get_files(read_entities(metadata))


def _compare(
    folder: Path, described: Mapping[str, Entity], hash_file: Callable[[Path], str]
) -> list[Difference]:
    """Return the described files that are missing or changed."""
    differences = []
    for name, entity in described.items():
        path = folder / name
        if ".." in Path(name).parts or not path.is_file():
            differences.append(Difference(path, "missing"))
        elif path.stat().st_size != int(entity["contentSize"]) or (
            hash_file(path) != entity["sha256"]
        ):
            differences.append(Difference(path, "changed"))
    return differences
