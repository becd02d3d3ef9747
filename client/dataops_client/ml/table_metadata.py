"""Metadata of a training table: where the data come from, and what the columns mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from dataops_client._version import __version__
from dataops_client.datasets.lock import DatasetLock
from dataops_client.datasets.manifest import build_manifest
from dataops_client.existing_files import hash_file
from dataops_client.ml.columns import Column, list_columns
from dataops_client.ml.errors import MalformedFile
from dataops_client.ml.mix import Draw
from dataops_client.ml.selection import SOAPS, Selection


@dataclass(frozen=True)
class TableMetadata:
    """Metadata that every format stores.

    Attributes:
        columns: Columns of the table, in their order.
        published_names: The table has the names of the published scripts.
        manifest: SHA-256 of each file that the table is made from, in the form of the manifest of
            a dataset (`datasets.manifest`).
        license: Licence of the data, None if their metadata do not state it.
        citation: Citation of the data set, None if their metadata do not state it.
        soap_descriptor: Parameters of the SOAP vectors in the notation of quippy, or None.
        synthetic: True if numbers are made up.
        dataset: Lock of the pulled dataset that the files belong to, or None.
        draw: Mixed set that the rows are, or None.
    """

    columns: tuple[Column, ...]
    published_names: bool
    manifest: str
    license: str | None
    citation: str | None
    soap_descriptor: str | None
    synthetic: bool
    dataset: DatasetLock | None = None
    draw: Draw | None = None

    @cached_property
    def content_id(self) -> str:
        """SHA-256 of the manifest: the content id of the source files.

        These are some of the files of a dataset, whose content id is `dataset_content_id`.
        """
        return hashlib.sha256(self.manifest.encode()).hexdigest()

    def get_name(self, column: Column) -> str:
        """Return the name of a column in this table."""
        return column.published_name if self.published_names else column.name

    def to_texts(self) -> dict[str, str]:
        """Return the metadata without the columns as texts, without values that are unknown."""
        values = {
            "content_id": self.content_id,
            "license": self.license,
            "citation": self.citation,
            "soap_descriptor": self.soap_descriptor,
            "synthetic": str(self.synthetic).lower(),
            "created_by": f"dataops-client {__version__}",
        }
        if self.dataset:
            values |= {
                "dataset": self.dataset.reference,
                "dataset_content_id": self.dataset.content_id,
                "dataset_advisories": " | ".join(map(str, self.dataset.advisories)) or None,
            }
        if self.draw:
            values |= {"mix": str(self.draw), "seed": str(self.draw.seed)}
        return {name: value for name, value in values.items() if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return the metadata for JSON, with unit and description of each column by its name."""
        columns = {
            self.get_name(column): {
                name: value
                for name, value in asdict(column).items()
                if name in ("unit", "description", "source")
            }
            for column in self.columns
        }
        return self.to_texts() | {"synthetic": self.synthetic, "columns": columns}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)


def build_metadata(
    selection: Selection, *, published_names: bool = False, draw: Draw | None = None
) -> TableMetadata:
    """Return the metadata of the table of these sub-runs. All its source files are hashed.

    Raises:
        MalformedFile: A file is not the one of the pulled dataset.
        MalformedFile: SOAP vectors of different descriptors would share the table.
    """
    sub_runs = selection.sub_runs
    descriptors: set[str] = set()
    for one in sub_runs if selection.soaps else ():
        descriptors |= {one.metadata.soap_descriptor} - {None}  # type: ignore[arg-type]
        if len(descriptors) > 1:
            raise MalformedFile(
                one.folder.path / SOAPS,
                f"vectors of different descriptors cannot share a table: {sorted(descriptors)}",
            )
    return TableMetadata(
        columns=list_columns(soaps=selection.soaps, spins=selection.spins),
        published_names=published_names,
        manifest=_build_manifest(selection),
        license=_join(one.metadata.license for one in sub_runs),
        citation=_join(one.metadata.citation for one in sub_runs),
        soap_descriptor=_join(descriptors),
        synthetic=any(one.metadata.synthetic for one in sub_runs),
        dataset=selection.dataset.lock if selection.dataset else None,
        draw=draw,
    )


def _build_manifest(selection: Selection) -> str:
    hashes = []
    for name, path in selection.list_files():
        sha256 = hash_file(path)
        if selection.dataset:
            selection.dataset.check_file(f"data/{name}", sha256)
        hashes.append((f"data/{name}", sha256))
    return build_manifest(hashes).decode()


def _join(texts: Iterable[str | None]) -> str | None:
    return "; ".join(sorted({text for text in texts if text})) or None
