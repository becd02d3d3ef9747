"""What the metadata of a download say of its sub-runs: why a file is absent, and whether the data are synthetic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from dataops_client.errors import printable
from dataops_client.models import METADATA_NAME


@dataclass(frozen=True, slots=True)
class DownloadMetadata:
    """Which files of a sub-run were asked for, which of them it had (`files`), and which expected ones its source lacks (`missing`).

    A folder without metadata was not downloaded as an archive: it counts as complete.
    """

    profile: str = "full"
    include: str = ""
    files: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    synthetic: bool = False

    @property
    def selection(self) -> str:
        """The choice of files in words: `profile essential, include *.out`."""
        return f"profile {self.profile}" + (f", include {self.include}" if self.include else "")

    def why_absent(self, name: str) -> str | None:
        """Return why a file may exist although its folder does not have it, or None if the sub-run itself lacks it."""
        if name in self.files:
            return f"{name} was removed after the download"
        if name not in self.missing and (self.profile != "full" or self.include):
            return f"{name} is not in this download ({self.selection})"
        return None


def read_download_metadata(folder: Path) -> DownloadMetadata:
    """Read the metadata of a sub-run's folder: its own, or those of the whole run above it."""
    own, of_run = folder / METADATA_NAME, folder.parent / METADATA_NAME
    path, prefix = (
        (own, "") if own.is_file() or not of_run.is_file() else (of_run, f"{folder.name}/")
    )
    try:
        graph = json.loads(path.read_bytes())["@graph"]
        values = {
            entity["name"]: entity["value"]
            for entity in graph
            if entity["@type"] == "PropertyValue"
        }
        files = [unquote(entity["@id"]) for entity in graph if entity["@type"] == "File"]
        missing = str(values.get("missing", "")).split(", ")
    except (
        FileNotFoundError,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ):  # verify names what cannot be understood
        return DownloadMetadata()
    return DownloadMetadata(
        profile=printable(str(values.get("profile", "full"))),
        include=printable(str(values.get("include", ""))),
        files=_below(prefix, files),
        missing=_below(prefix, missing),
        synthetic=values.get("synthetic") == "true",
    )


def _below(prefix: str, names: list[str]) -> frozenset[str]:
    return frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
