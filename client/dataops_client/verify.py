"""Verification of extracted files against the metadata of their archives, without the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Literal

from dataops_client.errors import NotFound
from dataops_client.ro_crate import METADATA_NAME, Entity, get_files, read_entities


@dataclass(frozen=True, slots=True)
class Difference:
    """File that differs from its archive. Unreadable metadata have the kind `unreadable`."""

    path: Path
    kind: Literal["missing", "changed", "extra", "unreadable"]


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Result for one extracted archive: its folder, its number of files, and the differences."""

    folder: Path
    files: int
    differences: tuple[Difference, ...]


def verify(directory: Path) -> Iterator[VerificationResult]:
    """Verify every extracted archive below a folder by file size and SHA-256.

    Args:
        directory: Folder that archives were extracted to.

    Yields:
        One result per archive, in the order of their paths.

    Raises:
        NotFound: `directory` contains no extracted archive.
        OSError: A file cannot be read.

    Example:
        >>> for result in verify(Path("files")):
        ...     print(result.folder, result.differences)
    """
    found = sorted(directory.rglob(METADATA_NAME))
    if not found:
        raise NotFound(
            f"no extracted archive found: {str(directory)!r} contains no {METADATA_NAME}"
        )
    folders = {metadata.parent for metadata in found}
    for metadata in found:
        yield _verify_folder(metadata.parent, folders - {metadata.parent})


def list_changed_files(folder: Path) -> tuple[str, ...]:
    """Return the files below `folder` that were changed since their archive was extracted."""
    try:
        differences = [found for result in verify(folder) for found in result.differences]
    except NotFound:
        return ()
    return tuple(
        found.path.relative_to(folder).as_posix()
        for found in differences
        if found.kind == "changed"
    )


def _verify_folder(folder: Path, others: set[Path]) -> VerificationResult:
    try:
        described = get_files(read_entities(folder / METADATA_NAME))
        differences = [*_compare(folder, described)]
    except (ValueError, KeyError, TypeError):
        return VerificationResult(folder, 0, (Difference(folder / METADATA_NAME, "unreadable"),))
    nested = {other for other in others if folder in other.parents}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name == METADATA_NAME or not nested.isdisjoint(path.parents):
            continue
        if path.relative_to(folder).as_posix() not in described:
            differences.append(Difference(path, "extra"))
    return VerificationResult(folder, len(described), tuple(differences))


def _compare(folder: Path, described: Mapping[str, Entity]) -> Iterator[Difference]:
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
