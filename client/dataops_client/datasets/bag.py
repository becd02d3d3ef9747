"""BagIt 1.0 bags (RFC 8493) of pulled datasets, for repositories such as Zenodo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from dataops_client._version import __version__
from dataops_client.datasets.lock import SELECTION_NAME, write_atomically
from dataops_client.datasets.manifest import MANIFEST_NAME, build_manifest
from dataops_client.existing_files import hash_file
from dataops_client.models.datasets import DatasetVersion

DOCUMENTS = {"croissant.json": "croissant", "datacite.json": "datacite", "README.md": "card"}
"""Files of a bag by name, and the documents of the API that they contain."""
_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def write_bag(folder: Path, version: DatasetVersion, documents: Mapping[str, bytes]) -> None:
    """Make a pulled dataset a complete bag.

    Args:
        folder: Folder of the pulled dataset.
        version: Version that it contains.
        documents: Content of further files by name.
    """
    files = dict(documents)
    files["bagit.txt"] = _DECLARATION.encode()
    files["bag-info.txt"] = _format_info(folder, version).encode()
    for name, content in files.items():
        write_atomically(folder / name, content)
    # dataops.lock changes with each advisory. It is not part of what is archived.
    names = [*files, MANIFEST_NAME, SELECTION_NAME]
    tags = build_manifest((name, hash_file(folder / name)) for name in names)
    write_atomically(folder / "tagmanifest-sha256.txt", tags)


def _format_info(folder: Path, version: DatasetVersion) -> str:
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    values = {
        "Bag-Software-Agent": f"dataops-client {__version__}",
        "Bagging-Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "External-Identifier": version.content_id,
        "External-Description": " ".join(f"{version.title} ({version.reference})".split()),
        "Payload-Oxum": f"{sum(path.stat().st_size for path in files)}.{len(files)}",
    }
    return "".join(f"{name}: {value}\n" for name, value in values.items())
