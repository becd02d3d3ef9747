"""Commands `dataops export` and `dataops plot`, which can be imported without the extra `[ml]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataops_client.ml.errors import require_ml_extra
from dataops_client.ml.formats import Format

if TYPE_CHECKING:
    from dataops_client.ml.export_report import ExportReport

Directory = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", help="Folder of extracted sub-runs: DIR/<nc>/<id_run>/<sub_run>/."
    ),
]
Picture = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="OUT", help="Picture to write: .png, .svg or .pdf."),
]


def export(
    directory: Directory,
    format_: Annotated[
        Format, typer.Option("--format", help="Format of the table.")
    ] = Format.PARQUET,
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
    """Write the per-bond training table (distance, -ICOHP) of all usable sub-runs.

    A report lists the data that was skipped.
    """
    with require_ml_extra():
        from dataops_client.ml.export import export_bonds  # noqa: PLC0415
        from dataops_client.ml.export_report import get_report_path  # noqa: PLC0415

        path = output or Path(f"bonds.{format_}")
        report = export_bonds(directory, path, format_, soaps=soaps)
    typer.echo(_format_summary(report))
    typer.echo(f"table: {path}\nreport: {get_report_path(path)}{_format_caution(report)}")


def plot(directory: Directory, output: Picture = Path("bonds.png")) -> None:
    """Plot -ICOHP against distance for each bond type of the training table."""
    with require_ml_extra():
        from dataops_client.ml.plot import plot_bonds  # noqa: PLC0415

        report = plot_bonds(directory, output)
    typer.echo(_format_summary(report))
    typer.echo(f"picture: {output}{_format_caution(report)}")


def _format_summary(report: ExportReport) -> str:
    lines = [
        f"{bond_type:<8}{count:>10}"
        for bond_type, count in sorted(report.rows_per_bond_type.items())
    ]
    lines += [f"{'bonds':<8}{report.rows:>10}   from {report.sub_runs} sub-runs"]
    lines += [f"clusters discarded because a bond has no label: {len(report.discarded_clusters)}"]
    lines += [f"skipped: {sub_run}" for sub_run in report.skipped]
    return "\n".join(lines)


def _format_caution(report: ExportReport) -> str:
    """Return a last line that warns of synthetic data, or nothing."""
    if not report.synthetic_sub_runs:
        return ""
    counts = f"{report.synthetic_sub_runs} of {report.sub_runs} sub-runs"
    mixed = f" ({counts})" if report.real_sub_runs else ""
    return f"\nsynthetic data{mixed}: do not train, publish or compare"
