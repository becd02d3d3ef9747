"""Metadata of a training table: where the data come from, and what the columns mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dataops_client._version import __version__
from dataops_client.ml.columns import Column, list_columns
from dataops_client.ml.errors import MalformedFile
from dataops_client.ml.selection import SOAPS, Selection


@dataclass(frozen=True)
class TableMetadata:
    """Metadata that every format stores.

    Attributes:
        columns: Columns of the table, in their order.
        published_names: The table has the names of the published scripts.
        manifest: SHA-256 of each file that the table is made from, as `sha256sum` prints it:
            lines `<sha256>  data/<nc>/<id_run>/<sub_run>/<name>`, sorted by path. That is the
            payload manifest of a BagIt bag.
        license: Licence of the data, None if their metadata do not state it.
        citation: Citation of the data set, None if their metadata do not state it.
        soap_descriptor: Parameters of the SOAP vectors in the notation of quippy, or None.
        synthetic: True if numbers are made up.
    """

    columns: tuple[Column, ...]
    published_names: bool
    manifest: str
    license: str | None
    citation: str | None
    soap_descriptor: str | None
    synthetic: bool

    @cached_property
    def content_id(self) -> str:
        """SHA-256 of the manifest, which identifies the source files by content and path."""
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


def build_metadata(selection: Selection, *, published_names: bool = False) -> TableMetadata:
    """Return the metadata of the table of these sub-runs. All its source files are hashed.

    Raises:
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
        manifest=_build_manifest(selection.list_files()),
        license=_join(one.metadata.license for one in sub_runs),
        citation=_join(one.metadata.citation for one in sub_runs),
        soap_descriptor=_join(descriptors),
        synthetic=any(one.metadata.synthetic for one in sub_runs),
    )


def _build_manifest(files: Iterable[tuple[str, Path]]) -> str:
    lines = []
    for name, path in sorted(files):
        with path.open("rb") as stream:
            lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  data/{name}\n")
    return "".join(lines)


def _join(texts: Iterable[str | None]) -> str | None:
    return "; ".join(sorted({text for text in texts if text})) or None
