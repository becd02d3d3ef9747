"""The per-bond training table of a folder of extracted sub-runs, and the report beside it."""

from __future__ import annotations

import json
import secrets
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dataops_client.ml.download_metadata import read_download_metadata
from dataops_client.ml.errors import MalformedFile, MissingFile, MixedData, NothingToExport
from dataops_client.ml.espresso import get_symbols
from dataops_client.ml.folders import SubRunFolder, list_sub_run_folders
from dataops_client.ml.formats import Format
from dataops_client.ml.lobster import read_clusters
from dataops_client.ml.outcomes import Outcome, get_folder_outcome
from dataops_client.ml.soaps import read_soaps
from dataops_client.ml.sub_run import read_checked_bonds, read_initial_structure
from dataops_client.ml.table import build_bond_table
from dataops_client.ml.writers import WRITERS, BondBatch

_NEEDED = ("{nc}.scf.out", "{nc}.lb.out", "ICOHPLIST.lobster", "lobsterin-quippy")


@dataclass(frozen=True, slots=True)
class DiscardedClusterOfSubRun:
    """A cluster that was not used: its central atom (number from 1) and the bonds that ICOHPLIST.lobster has no label for."""

    nc: str
    id_run: int
    sub_run: int
    atom: int
    bonds_without_label: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SkippedSubRun:
    """A sub-run that gave no rows, and why.

    `outcome` is None if it depends on a file that the download left out. `missing_files` are those that the table is made from and that
    are not in its folder.
    """

    nc: str
    id_run: int
    sub_run: int
    outcome: Outcome | None
    missing_files: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"{self.nc}/{self.id_run}/{self.sub_run} {self.reason}"


@dataclass(slots=True)
class ExportReport:
    """What an export took and what it passed over. `sub_runs` counts those that gave rows, `synthetic_sub_runs` the made-up among them."""

    sub_runs: int = 0
    synthetic_sub_runs: int = 0
    rows_per_bond_type: dict[str, int] = field(default_factory=dict)
    discarded_clusters: list[DiscardedClusterOfSubRun] = field(default_factory=list)
    left_out: list[SkippedSubRun] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.rows_per_bond_type.values())

    @property
    def real_sub_runs(self) -> int:
        return self.sub_runs - self.synthetic_sub_runs

    def reasons(self) -> str:
        """Return the first sub-runs that were left out, each with its reason."""
        return "; ".join(str(one) for one in self.left_out[:5]) + (
            " ..." if len(self.left_out) > 5 else ""
        )

    def warn_of_mixture(self) -> None:
        """Warn if real and synthetic sub-runs are together."""
        if self.real_sub_runs and self.synthetic_sub_runs:
            counts = f"{self.real_sub_runs} real and {self.synthetic_sub_runs} synthetic sub-runs"
            warnings.warn(
                f"{counts} are mixed: the numbers of the latter are made up",
                MixedData,
                stacklevel=3,
            )

    def as_json(self) -> str:
        return (
            json.dumps(
                {"rows": self.rows, "real_sub_runs": self.real_sub_runs} | asdict(self), indent=1
            )
            + "\n"
        )


def export_bonds(tree: Path, out: Path, form: Format, *, soaps: bool = False) -> ExportReport:
    """Write the table of every usable sub-run under `tree` to `out`, and `<out>.report.json` beside it.

    Both appear whole or not at all. With `soaps` the vectors of the two atoms go with each bond.
    Warns with MixedData if the table has real and synthetic sub-runs.
    Raises NothingToExport, MissingFile or MalformedFile; then nothing was written.
    """
    if not out.parent.is_dir():
        raise MissingFile(f"the folder {out.parent} of the output is not there")
    folders = list_sub_run_folders(tree)
    report = ExportReport()
    with atomic_write(get_report_path(out)) as report_part, atomic_write(out) as part:
        rows = iter_bond_batches(folders, report, soaps=soaps)
        WRITERS[form](part, rows, with_nc=len({folder.nc for folder in folders}) > 1)
        if not report.rows:
            raise NothingToExport(
                f"{tree} has no sub-run that can be used; left out: {report.reasons()}"
            )
        report_part.write_text(report.as_json(), encoding="utf-8")
    report.warn_of_mixture()
    return report


def get_report_path(out: Path) -> Path:
    """`bonds.report.json` for `bonds.parquet`."""
    return out.with_name(f"{out.stem}.report.json")


def iter_bond_batches(
    folders: list[SubRunFolder], report: ExportReport, *, soaps: bool = False
) -> Iterator[BondBatch]:
    """The rows of each usable sub-run in turn; the report is told of each as it is read."""
    components: set[int] = set()
    for folder in folders:
        metadata = read_download_metadata(folder.path)
        outcome = get_folder_outcome(folder.path, folder.nc, metadata)
        missing = _list_missing(folder.path, [need.format(nc=folder.nc) for need in _NEEDED])
        structures = [f"{folder.nc}.scf.in", f"{folder.nc}.xyz"]
        no_structure = (
            structures[:1] if len(_list_missing(folder.path, structures)) == len(structures) else []
        )
        absent = (
            *missing,
            *no_structure,
            *(_list_missing(folder.path, ["SOAPS.vec"]) if soaps else ()),
        )
        left_out = {name: reason for name in absent if (reason := metadata.why_absent(name))}
        identity = (folder.nc, folder.id_run, folder.sub_run)
        if outcome is None or not outcome.usable or "lobsterin-quippy" in missing or left_out:
            lacking = ", ".join(name for name in missing if name not in left_out)
            reason = f"{outcome}" + (f" (not there: {lacking})" if lacking else "")
            if outcome is None or (outcome.usable and left_out):
                reason = "; ".join(left_out.values())
            report.left_out.append(SkippedSubRun(*identity, outcome, missing, reason))
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
            DiscardedClusterOfSubRun(*identity, gone.atom, gone.bonds_without_label)
            for gone in table.discarded
        ]
        yield BondBatch(folder, structure, table.rows, vectors)


def _list_missing(folder: Path, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not (folder / name).is_file())


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A sibling to write to, which takes the place of `path` when the block ends well and is gone when it does not."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
