"""Export of the per-bond training table of extracted sub-runs, with a report."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dataops_client.ml.download_metadata import DownloadMetadata, read_download_metadata
from dataops_client.ml.errors import MalformedFile, MissingFile, NothingToExport
from dataops_client.ml.espresso import get_symbols
from dataops_client.ml.export_report import (
    DiscardedClusterOfSubRun,
    ExportReport,
    SkippedSubRun,
    get_report_path,
)
from dataops_client.ml.folders import SubRunFolder, list_sub_run_folders
from dataops_client.ml.formats import Format
from dataops_client.ml.lobster import read_clusters
from dataops_client.ml.outcomes import get_folder_outcome
from dataops_client.ml.soaps import read_soaps
from dataops_client.ml.sub_run import read_checked_bonds, read_initial_structure
from dataops_client.ml.table import build_bond_table
from dataops_client.ml.writers import WRITERS, BondBatch

_REQUIRED_FILES = ("{nc}.scf.out", "{nc}.lb.out", "ICOHPLIST.lobster", "lobsterin-quippy")


def export_bonds(
    directory: Path, output: Path, format_: Format, *, soaps: bool = False
) -> ExportReport:
    """Write the training table of all usable sub-runs, and `<output>.report.json` next to it.

    Both files are written completely or not at all.

    Args:
        directory: Folder of extracted sub-runs, `directory/<nc>/<id_run>/<sub_run>/`.
        output: Table to write.
        format_: Format of the table.
        soaps: Join the SOAP vectors of both atoms to each bond.

    Returns:
        The report.

    Raises:
        NothingToExport: The folder has no usable sub-run.
        MissingFile: A required file does not exist.
        MalformedFile: A file cannot be parsed.

    Warns:
        MixedData: The table has real and synthetic sub-runs.

    Example:
        >>> export_bonds(Path("files"), Path("bonds.parquet"), Format.PARQUET).rows
        10825
    """
    if not output.parent.is_dir():
        raise MissingFile(f"output folder {output.parent} does not exist; create it first")
    folders = list_sub_run_folders(directory)
    report = ExportReport()
    with atomic_write(get_report_path(output)) as report_part, atomic_write(output) as part:
        batches = iter_bond_batches(folders, report, soaps=soaps)
        WRITERS[format_](part, batches, with_nc=len({folder.nc for folder in folders}) > 1)
        if not report.rows:
            raise NothingToExport(
                f"{directory} has no usable sub-run; skipped: {report.summarize_skipped()}"
            )
        report_part.write_text(report.to_json(), encoding="utf-8")
    report.warn_if_mixed()
    return report


def iter_bond_batches(
    folders: list[SubRunFolder], report: ExportReport, *, soaps: bool = False
) -> Iterator[BondBatch]:
    """Yield the bonds of each usable sub-run, and add each sub-run to the report."""
    components: set[int] = set()
    for folder in folders:
        metadata = read_download_metadata(folder.path)
        if skipped := _explain_skip(folder, metadata, soaps=soaps):
            report.skipped.append(skipped)
            continue
        structure = read_initial_structure(folder.path, folder.nc)
        if structure is None:
            raise MissingFile(f"{folder.path} has neither {folder.nc}.scf.in nor {folder.nc}.xyz")
        table = build_bond_table(
            read_checked_bonds(folder.path / "ICOHPLIST.lobster", structure),
            read_clusters(folder.path / "lobsterin-quippy"),
            get_symbols(structure),
        )
        vectors = read_soaps(folder.path / "SOAPS.vec", atoms=len(structure)) if soaps else None
        components |= set() if vectors is None else {vectors.shape[1]}
        if len(components) > 1:
            raise MalformedFile(
                folder.path / "SOAPS.vec",
                f"vectors of {sorted(components)} components cannot share a table",
            )
        report.sub_runs += 1
        report.synthetic_sub_runs += metadata.synthetic
        for bond_type, count in Counter(bond.bond_type for bond in table.rows).items():
            report.rows_per_bond_type[bond_type] = (
                report.rows_per_bond_type.get(bond_type, 0) + count
            )
        report.discarded_clusters += [
            DiscardedClusterOfSubRun(
                folder.nc, folder.id_run, folder.sub_run, cluster.atom, cluster.bonds_without_label
            )
            for cluster in table.discarded
        ]
        yield BondBatch(folder, structure, table.rows, vectors)


def _explain_skip(
    folder: SubRunFolder, metadata: DownloadMetadata, *, soaps: bool
) -> SkippedSubRun | None:
    """Return why a sub-run cannot be used, or None if it can."""
    outcome = get_folder_outcome(folder.path, folder.nc, metadata)
    missing = _list_missing(folder.path, [name.format(nc=folder.nc) for name in _REQUIRED_FILES])
    structures = [f"{folder.nc}.scf.in", f"{folder.nc}.xyz"]
    no_structure = _list_missing(folder.path, structures) == tuple(structures)
    absent = (
        *missing,
        *(structures[:1] if no_structure else ()),
        *(_list_missing(folder.path, ["SOAPS.vec"]) if soaps else ()),
    )
    excluded = {name: reason for name in absent if (reason := metadata.explain_absence(name))}
    if outcome and outcome.usable and "lobsterin-quippy" not in missing and not excluded:
        return None
    lacking = ", ".join(name for name in missing if name not in excluded)
    reason = f"{outcome}" + (f" (missing: {lacking})" if lacking else "")
    if outcome is None or (outcome.usable and excluded):
        reason = "; ".join(excluded.values())
    return SkippedSubRun(folder.nc, folder.id_run, folder.sub_run, outcome, missing, reason)


def _list_missing(folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not (folder / name).is_file())


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` if the block succeeds, or else is deleted."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
