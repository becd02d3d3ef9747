"""`dataops export` and `dataops plot`; importing this module does not need the extra `[ml]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataops_client.ml.errors import require_ml_extra
from dataops_client.ml.formats import Format

if TYPE_CHECKING:
    from dataops_client.ml.export import ExportReport

Tree = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", help="Folder that sub-runs were extracted to: DIR/<nc>/<id_run>/<sub_run>/."
    ),
]
Picture = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="OUT", help="Picture to write: .png, .svg or .pdf."),
]


def export(
    tree: Tree,
    form: Annotated[Format, typer.Option("--format", help="Format of the table.")] = Format.PARQUET,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="File to write [default: bonds.<format>]."
        ),
    ] = None,
    soaps: Annotated[
        bool, typer.Option("--soaps", help="Join the SOAP vectors of both atoms to each bond.")
    ] = False,
) -> None:
    """Write the per-bond training table (distance, -ICOHP) of all usable sub-runs, and a report of what was passed over."""
    with require_ml_extra():
        from dataops_client.ml.export import export_bonds, get_report_path  # noqa: PLC0415

        out = output or Path(f"bonds.{form}")
        report = export_bonds(tree, out, form, soaps=soaps)
    typer.echo(_summary(report))
    typer.echo(f"table: {out}\nreport: {get_report_path(out)}{_caution(report)}")


def plot(tree: Tree, output: Picture = Path("bonds.png")) -> None:
    """Draw -ICOHP against distance for each bond type of the training table."""
    with require_ml_extra():
        from dataops_client.ml.plot import plot_bonds  # noqa: PLC0415

        report = plot_bonds(tree, output)
    typer.echo(_summary(report))
    typer.echo(f"picture: {output}{_caution(report)}")


def _summary(report: ExportReport) -> str:
    lines = [
        f"{bond_type:<8}{count:>10}"
        for bond_type, count in sorted(report.rows_per_bond_type.items())
    ]
    lines += [f"{'bonds':<8}{report.rows:>10}   from {report.sub_runs} sub-runs"]
    lines += [f"clusters discarded, for a bond without a label: {len(report.discarded_clusters)}"]
    lines += [f"left out: {gone}" for gone in report.left_out]
    return "\n".join(lines)


def _caution(report: ExportReport) -> str:
    """Return the last line for data that nobody must take for real, or nothing."""
    mixed = (
        f" ({report.synthetic_sub_runs} of {report.sub_runs} sub-runs)"
        if report.real_sub_runs
        else ""
    )
    return (
        f"\nsynthetic data{mixed}: do not train, publish or compare"
        if report.synthetic_sub_runs
        else ""
    )
