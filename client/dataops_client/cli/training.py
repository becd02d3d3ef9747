"""Commands `dataops export` and `dataops plot`, which can be imported without the extra `[ml]`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataops_client.cli import console
from dataops_client.ml.errors import require_ml_extra
from dataops_client.ml.formats import Format

if TYPE_CHECKING:
    from dataops_client.ml.export_report import ExportReport

Directory = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Folder of extracted sub-runs, DIR/<nc>/<id_run>/<sub_run>/, or of a pulled dataset.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


def export(
    directory: Directory,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Format of the table. By default that of the suffix of OUT, else parquet.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="File to write. By default bonds.<format>."
        ),
    ] = None,
    soaps: Annotated[
        bool, typer.Option("--soaps", help="Join the SOAP vectors of both atoms to each bond.")
    ] = False,
    published_names: Annotated[
        bool,
        typer.Option(
            "--published-names",
            help="Name the columns as the scripts of the published data set do.",
        ),
    ] = False,
    lobsterpy: Annotated[
        Path | None,
        typer.Option(
            "--lobsterpy",
            metavar="FOLDER",
            help="Also write a folder that LobsterPy and pymatgen read, with POSCAR.lobster.",
        ),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE=N,...",
            help="Numbers of bonds to draw by type: Zr-Cu=2000,Cu-Cu=2000, or *:Zr-Cu=200 from "
            "each composition.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the draw of --mix.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing table.")] = False,
    as_json: Json = False,
) -> None:
    """Write the training table: one row per bond, of all usable sub-runs.

    The columns are nc, id_run, sub_run, atom_a, atom_b, bond_type,
    distance_angstrom and minus_icohp_ev (-ICOHP: positive for bonding).
    OUT.report.json lists skipped data and the metadata of the table,
    OUT.manifest-sha256.txt the SHA-256 of its source files.

    Example: dataops export data --soaps -o bonds.parquet
    """
    with require_ml_extra():
        from dataops_client.ml.export import (  # noqa: PLC0415
            export_bonds,
            get_manifest_path,
            get_report_path,
        )
        from dataops_client.ml.lobsterpy_folder import (  # noqa: PLC0415
            require_empty,
            write_lobsterpy_folder,
        )

        path = output or Path(f"bonds.{format_ or Format.PARQUET}")
        if lobsterpy:
            require_empty(lobsterpy)
        report = export_bonds(
            directory,
            path,
            format_,
            soaps=soaps,
            published_names=published_names,
            mix=mix,
            seed=seed,
            force=force,
        )
        folders = write_lobsterpy_folder(directory, lobsterpy) if lobsterpy else []
    report_path, manifest = get_report_path(path), get_manifest_path(path)
    document = json.loads(report_path.read_text(encoding="utf-8"))
    metadata = document["metadata"]
    if advisories := metadata.get("dataset_advisories"):
        console.print_warning(f"{metadata['dataset']} is {advisories}")
    if as_json:
        paths = {"table": path, "report": report_path, "manifest": manifest}
        typer.echo(json.dumps({name: str(value) for name, value in paths.items()} | document))
        return
    typer.echo(_format_summary(report))
    typer.echo(f"table: {path}\nreport: {report_path}\nsource files: {manifest}")
    if "dataset" in metadata:
        typer.echo(f"dataset: {metadata['dataset']}, content id {metadata['dataset_content_id']}")
    if lobsterpy:
        typer.echo(f"folders for LobsterPy: {lobsterpy} ({len(folders)} sub-runs)")
    typer.echo(_format_last_line(report))


def plot(
    directory: Directory,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", help="Picture to write: .png, .svg or .pdf."),
    ] = Path("bonds.png"),
    as_json: Json = False,
) -> None:
    """Plot -ICOHP against distance for each bond type of the training table.

    Example: dataops plot data -o bonds.svg
    """
    with require_ml_extra():
        from dataops_client.ml.plot import plot_bonds  # noqa: PLC0415

        report = plot_bonds(directory, output)
    if as_json:
        typer.echo(json.dumps({"picture": str(output)} | report.to_dict()))
        return
    typer.echo(_format_summary(report))
    typer.echo(f"picture: {output}")
    typer.echo(_format_last_line(report))


def _format_summary(report: ExportReport) -> str:
    lines = [
        f"{bond_type:<8}{count:>10}"
        for bond_type, count in sorted(report.rows_per_bond_type.items())
    ]
    lines += [f"clusters discarded because a bond has no label: {len(report.discarded_clusters)}"]
    lines += [f"skipped: {sub_run}" for sub_run in report.skipped]
    return "\n".join(lines)


def _format_last_line(report: ExportReport) -> str:
    """Return the totals, with a warning of synthetic data."""
    totals = f"{report.rows} bonds from {report.sub_runs} sub-runs, {len(report.skipped)} skipped"
    if not report.synthetic_sub_runs:
        return totals
    counts = f"{report.synthetic_sub_runs} of {report.sub_runs} sub-runs"
    mixed = f" ({counts})" if report.real_sub_runs else ""
    return f"{totals}\nsynthetic data{mixed}: do not train, publish or compare"
