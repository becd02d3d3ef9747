"""Metadata of downloads: why a file is absent, licence and citation, synthetic or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dataops_client.errors import to_printable
from dataops_client.ro_crate import METADATA_NAME, Entity, get_files, read_entities


@dataclass(frozen=True, slots=True)
class DownloadMetadata:
    """Selection of files of a sub-run.

    `files` are the files of the download, `missing` the expected files that the source does not
    have. A folder without metadata was not downloaded as an archive and counts as complete.
    `license`, `citation` and `soap_descriptor` are None if the metadata do not contain them.
    """

    profile: str = "full"
    include: str = ""
    files: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    synthetic: bool = False
    license: str | None = None
    citation: str | None = None
    soap_descriptor: str | None = None

    @property
    def selection(self) -> str:
        """Selection as text, such as `profile essential, include *.out`."""
        return f"profile {self.profile}" + (f", include {self.include}" if self.include else "")

    def explain_absence(self, name: str) -> str | None:
        """Return why a file is absent although the sub-run may have it, or None if it has not."""
        if name in self.files:
            return f"{name} was deleted after the download"
        if name not in self.missing and (self.profile != "full" or self.include):
            return f"{name} is not in this download ({self.selection})"
        return None


def read_download_metadata(folder: Path) -> DownloadMetadata:
    """Read the metadata of a sub-run: those of its folder, or of the whole run above it."""
    of_sub_run, of_run = folder / METADATA_NAME, folder.parent / METADATA_NAME
    path, prefix = (
        (of_sub_run, "")
        if of_sub_run.is_file() or not of_run.is_file()
        else (of_run, f"{folder.name}/")
    )
    try:
        entities = read_entities(path)
        values = {
            entity["name"]: entity["value"]
            for entity in entities
            if entity["@type"] == "PropertyValue"
        }
        by_id = {entity.get("@id"): entity for entity in entities}
        root = by_id.get("./", {})
        return DownloadMetadata(
            profile=to_printable(str(values.get("profile", "full"))),
            include=to_printable(str(values.get("include", ""))),
            files=_select_below(prefix, [*get_files(entities)]),
            missing=_select_below(prefix, str(values.get("missing", "")).split(", ")),
            synthetic=values.get("synthetic") == "true",
            license=_get_license(root, by_id),
            citation=_get_text(root.get("citation")),
            soap_descriptor=_get_text(values.get("soap_descriptor")),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # `dataops verify` reports these
        return DownloadMetadata()


def _get_license(root: Entity, by_id: Mapping[str | None, Entity]) -> str | None:
    """Return the name of the licence, None if the root has a sentence instead of an entity."""
    licence = root.get("license")
    entity = by_id.get(licence.get("@id", ""), {}) if isinstance(licence, dict) else {}
    return _get_text(entity.get("name"))


def _get_text(value: object) -> str | None:
    """Return a text or the identifier of a referenced entity, printable; None for other values."""
    text = value.get("@id") if isinstance(value, dict) else value
    return to_printable(text) if isinstance(text, str) else None


def _select_below(prefix: str, names: list[str]) -> frozenset[str]:
    return frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
