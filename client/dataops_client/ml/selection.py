"""Selection of the usable sub-runs of a folder, before anything of them is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataops_client.ml.dataset_source import DatasetSource, find_dataset, read_metadata
from dataops_client.ml.download_metadata import DownloadMetadata
from dataops_client.ml.errors import MissingFile, NothingToExport
from dataops_client.ml.export_report import SkippedSubRun, summarize_skipped
from dataops_client.ml.folders import SubRunFolder, list_sub_run_folders
from dataops_client.ml.lobster import is_spin_polarized
from dataops_client.ml.outcomes import get_folder_outcome

ICOHPLIST, CLUSTERS, SOAPS = "ICOHPLIST.lobster", "lobsterin-quippy", "SOAPS.vec"
_STRUCTURES = ("{nc}.scf.in", "{nc}.xyz")
_REQUIRED_FILES = ("{nc}.scf.out", "{nc}.lb.out", ICOHPLIST, CLUSTERS)


@dataclass(frozen=True, slots=True)
class SelectedSubRun:
    """Usable sub-run, with the metadata of its download."""

    folder: SubRunFolder
    metadata: DownloadMetadata

    def list_files(self, *, soaps: bool) -> list[Path]:
        """Return the files that the table is made from, sorted by name."""
        names = [*_STRUCTURES[:1], *_REQUIRED_FILES, *([SOAPS] if soaps else [])]
        paths = [self.folder.path / name.format(nc=self.folder.nc) for name in names]
        if not paths[0].is_file():
            paths[0] = self.folder.path / _STRUCTURES[1].format(nc=self.folder.nc)
        return sorted(path for path in paths if path.is_file())


@dataclass(frozen=True, slots=True)
class Selection:
    """Usable sub-runs of a folder, sorted, and those that are skipped.

    `dataset` is set if the folder is a pulled dataset.
    """

    sub_runs: tuple[SelectedSubRun, ...]
    skipped: tuple[SkippedSubRun, ...]
    soaps: bool
    dataset: DatasetSource | None = None

    @property
    def spins(self) -> bool:
        """True if a calculation is spin-polarised."""
        return any(is_spin_polarized(one.folder.path / ICOHPLIST) for one in self.sub_runs)

    def list_files(self) -> Iterator[tuple[str, Path]]:
        """Yield the files that the table is made from: `<nc>/<id_run>/<sub_run>/<name>`, path."""
        for one in self.sub_runs:
            for path in one.list_files(soaps=self.soaps):
                yield f"{one.folder}/{path.name}", path


def select_sub_runs(directory: Path, *, soaps: bool = False) -> Selection:
    """Return the sub-runs of a folder that can be used, and why others cannot.

    Args:
        directory: Folder of extracted sub-runs, `directory/<nc>/<id_run>/<sub_run>/`, or of a
            pulled dataset.
        soaps: SOAP vectors are required.

    Raises:
        NothingToExport: The folder has no usable sub-run.
        MissingFile: A usable sub-run has no structure, or no SOAP vectors.
    """
    usable, skipped = [], []
    dataset = find_dataset(directory)
    for folder in list_sub_run_folders(dataset.folder / "data" if dataset else directory):
        metadata = read_metadata(folder.path)
        reason = _explain_skip(folder, metadata, soaps=soaps)
        if reason:
            skipped.append(reason)
            continue
        _require_one_of(folder, _STRUCTURES)
        if soaps:
            _require_one_of(folder, (SOAPS,))
        usable.append(SelectedSubRun(folder, metadata))
    if not usable:
        raise NothingToExport(
            f"{directory} has no usable sub-run; skipped: {summarize_skipped(skipped)}"
        )
    return Selection(tuple(usable), tuple(skipped), soaps, dataset)


def _explain_skip(
    folder: SubRunFolder, metadata: DownloadMetadata, *, soaps: bool
) -> SkippedSubRun | None:
    """Return why a sub-run cannot be used, or None if it can."""
    outcome = get_folder_outcome(folder.path, folder.nc, metadata)
    missing = _list_missing(folder.path, [name.format(nc=folder.nc) for name in _REQUIRED_FILES])
    structures = [name.format(nc=folder.nc) for name in _STRUCTURES]
    no_structure = _list_missing(folder.path, structures) == tuple(structures)
    absent = (
        *missing,
        *(structures[:1] if no_structure else ()),
        *(_list_missing(folder.path, [SOAPS]) if soaps else ()),
    )
    excluded = {name: reason for name in absent if (reason := metadata.explain_absence(name))}
    if outcome and outcome.usable and CLUSTERS not in missing and not excluded:
        return None
    lacking = ", ".join(name for name in missing if name not in excluded)
    reason = f"{outcome}" + (f" (missing: {lacking})" if lacking else "")
    if outcome is None or (outcome.usable and excluded):
        reason = "; ".join(excluded.values())
    return SkippedSubRun(folder.nc, folder.id_run, folder.sub_run, outcome, missing, reason)


def _list_missing(folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not (folder / name).is_file())


def _require_one_of(folder: SubRunFolder, names: Sequence[str]) -> None:
    named = [name.format(nc=folder.nc) for name in names]
    if not any((folder.path / name).is_file() for name in named):
        raise MissingFile(f"file {folder.path / named[0]} does not exist")
