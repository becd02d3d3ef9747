"""Plot of -ICOHP against distance, with one panel per bond type."""

from __future__ import annotations

from collections import defaultdict
from os import PathLike
from pathlib import Path

from matplotlib.figure import Figure

from dataops_client.ml.batches import iter_bond_batches
from dataops_client.ml.errors import MissingFile, NothingToExport, UnknownFormat
from dataops_client.ml.export import atomic_write
from dataops_client.ml.export_report import ExportReport
from dataops_client.ml.selection import select_sub_runs

_SUFFIXES = (".png", ".svg", ".pdf")
_PANELS_PER_ROW = 3


def plot_bonds(directory: str | PathLike[str], output: str | PathLike[str]) -> ExportReport:
    """Plot the bonds of the training table. The picture is written completely or not at all.

    Args:
        directory: Folder of extracted sub-runs, `directory/<nc>/<id_run>/<sub_run>/`, or of a
            pulled dataset.
        output: Picture to write: .png, .svg or .pdf.

    Returns:
        The report of the data, as that of `export_bonds`.

    Raises:
        UnknownFormat: The picture has another suffix.
        NothingToExport: The folder has no usable sub-run.
        MissingFile: A required file does not exist.
        MalformedFile: A file cannot be parsed.

    Warns:
        MixedData: The picture has real and synthetic sub-runs.

    Example:
        >>> plot_bonds("data", "bonds.png").rows
        9187
    """
    output = Path(output)
    if output.suffix not in _SUFFIXES:
        raise UnknownFormat(f"picture {output} does not end in .png, .svg or .pdf")
    if not output.parent.is_dir():
        raise MissingFile(f"output folder {output.parent} does not exist; create it first")
    report = ExportReport()
    points: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for batch in iter_bond_batches(select_sub_runs(Path(directory)), report):
        for bond in batch.bonds:
            points[bond.bond_type].append((bond.distance, bond.minus_icohp))
    if not points:
        raise NothingToExport(f"{directory} has no bond with a complete cluster")
    with atomic_write(output) as part:
        build_figure(points).savefig(part, format=output.suffix[1:], dpi=150)
    report.warn_if_mixed()
    return report


def build_figure(points: dict[str, list[tuple[float, float]]]) -> Figure:
    """Return a figure with a panel per bond type, in alphabetical order, with common axes."""
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
