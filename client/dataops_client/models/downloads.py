"""Result of a download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dataops_client.html_tables import format_count, format_html_table, format_size
from dataops_client.models.archives import ArchiveLink


@dataclass(frozen=True, slots=True, repr=False)
class Download:
    """Extracted archive of a sub-run or a run.

    Attributes:
        path: Folder of the files.
        link: Link to the archive, with the list of its files.
        downloaded: False if the files were already present.
        seconds: Duration.
        replaced: Files that had been changed since an earlier download and were restored.
    """

    path: Path
    link: ArchiveLink
    downloaded: bool
    seconds: float
    replaced: tuple[str, ...] = ()

    def __repr__(self) -> str:
        state = format_size(self.link.size_bytes) if self.downloaded else "already present"
        return f"Download({self.path}, {format_count(self.link.file_count, 'file')}, {state})"

    def _repr_html_(self) -> str:
        rows = [(file.name, file.role, format_size(file.size_bytes)) for file in self.link.files]
        return format_html_table(repr(self), ("file", "role", "size"), rows)
