"""-ICOHP against distance, one panel per bond type."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure

from dataops_client.ml.errors import MissingFile, NothingToExport, UnknownFormat
from dataops_client.ml.export import ExportReport, atomic_write, iter_bond_batches
from dataops_client.ml.folders import list_sub_run_folders

_PANELS_PER_ROW = 3


def plot_bonds(tree: Path, out: Path) -> ExportReport:
    """Draw the bonds of the training table of `tree` to `out`, a .png, .svg or .pdf.

    Warns of and raises what `export_bonds` does, and UnknownFormat for another suffix; then nothing was written.
    """
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise UnknownFormat(f"{out} does not end in .png, .svg or .pdf")
    if not out.parent.is_dir():
        raise MissingFile(f"the folder {out.parent} of the output is not there")
    report = ExportReport()
    points: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for rows in iter_bond_batches(list_sub_run_folders(tree), report):
        for bond in rows.bonds:
            points[bond.bond_type].append((bond.distance, bond.icohp))
    if not points:
        raise NothingToExport(
            f"{tree} has no sub-run that can be used; left out: {report.reasons()}"
        )
    with atomic_write(out) as part:
        build_figure(points).savefig(part, format=out.suffix[1:], dpi=150)
    report.warn_of_mixture()
    return report


def build_figure(points: dict[str, list[tuple[float, float]]]) -> Figure:
    """A figure with a panel for each bond type, in alphabetical order, on common axes."""
    columns = min(len(points), _PANELS_PER_ROW)
    rows = -(-len(points) // columns)
    figure = Figure(figsize=(4 * columns, 3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, (bond_type, pairs) in zip(panels, sorted(points.items()), strict=False):
        panel.scatter(*zip(*pairs, strict=True), s=4, alpha=0.5, linewidths=0, rasterized=True)
        panel.set_title(f"{bond_type} ({len(pairs)})")
    for unused in panels[len(points) :]:
        unused.set_visible(False)
    figure.supxlabel("distance (Å)")
    figure.supylabel("-ICOHP (eV)")
    return figure
