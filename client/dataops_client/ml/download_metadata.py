"""Metadata of downloads: why a file is absent, and whether the data is synthetic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dataops_client.errors import to_printable
from dataops_client.ro_crate import METADATA_NAME, get_files, read_entities


@dataclass(frozen=True, slots=True)
class DownloadMetadata:
    """Selection of files of a sub-run.

    `files` are the files of the download, `missing` the expected files that the source does not
    have. A folder without metadata was not downloaded as an archive and counts as complete.
    """

    profile: str = "full"
    include: str = ""
    files: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    synthetic: bool = False

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
        files = [*get_files(entities)]
        missing = str(values.get("missing", "")).split(", ")
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # `dataops verify` reports these
        return DownloadMetadata()
    return DownloadMetadata(
        profile=to_printable(str(values.get("profile", "full"))),
        include=to_printable(str(values.get("include", ""))),
        files=_select_below(prefix, files),
        missing=_select_below(prefix, missing),
        synthetic=values.get("synthetic") == "true",
    )


def _select_below(prefix: str, names: list[str]) -> frozenset[str]:
    return frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
