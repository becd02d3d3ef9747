"""Files that a job must extract, and those that it extracted."""

from __future__ import annotations

from pathlib import Path

from server.provision import data_files

METADATA = "ro-crate-metadata.json"


def sub_run_files(data: Path) -> dict[str, bytes]:
    """Return the expected files by path, as <nc>/<id_run>/<sub_run>/<file>."""
    files = {}
    for path in data_files(data):
        parts = path.relative_to(data).parts
        if len(parts) == 9:
            files["/".join((parts[0].removesuffix("-SOAPS"), parts[5], parts[7], parts[8]))] = (
                path.read_bytes()
            )
    return files


def extracted_files(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != METADATA)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
