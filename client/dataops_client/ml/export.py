"""Export of the per-bond training table of extracted sub-runs, with a report."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path

import pyarrow as pa

from dataops_client.ml.arrow import to_arrow
from dataops_client.ml.batches import draw_mix, iter_bond_batches
from dataops_client.ml.errors import MissingFile, NothingToExport, TableExists
from dataops_client.ml.export_report import ExportReport
from dataops_client.ml.formats import Format, get_format
from dataops_client.ml.mix import Mix
from dataops_client.ml.selection import Selection, select_sub_runs
from dataops_client.ml.table_metadata import TableMetadata, build_metadata
from dataops_client.ml.writers import WRITERS


def export_bonds(
    directory: str | PathLike[str],
    output: str | PathLike[str],
    format_: Format | str | None = None,
    *,
    soaps: bool = False,
    published_names: bool = False,
    mix: str | Mix | None = None,
    seed: int = 0,
    force: bool = False,
) -> ExportReport:
    """Write the training table of all usable sub-runs, and two files that describe it.

    `<output>.report.json` contains the skipped and discarded data and the metadata of the table.
    `<output>.manifest-sha256.txt` contains the SHA-256 of each source file; the SHA-256 of that
    file is the content id in the metadata. All files are written completely or not at all.

    Args:
        directory: Folder of extracted sub-runs, `directory/<nc>/<id_run>/<sub_run>/`, or of a
            pulled dataset.
        output: Table to write.
        format_: Format of the table; by default that of the suffix of `output`.
        soaps: Join the SOAP vectors of both atoms to each bond.
        published_names: Name the columns as the scripts of the published data set do.
        mix: Numbers of bonds by type to draw: over all sub-runs (`Zr-Cu=2000,Cu-Cu=2000`), from
            each composition (`*:Zr-Cu=200`), or from one (`Zr49Cu49Al2:Zr-Cu=200`). All bonds by
            default. `dataops_client.ml.mix` describes the draw.
        seed: Seed of the draw.
        force: Replace an existing table.

    Returns:
        The report.

    Raises:
        UnknownFormat: There is no such format.
        TableExists: The table exists already, and `force` is False.
        NothingToExport: The folder has no usable sub-run.
        TooFewBonds: The mix requires more bonds of a type than exist.
        MissingFile: A required file does not exist.
        MalformedFile: A file cannot be parsed.

    Warns:
        MixedData: The table has real and synthetic sub-runs.

    Example:
        >>> export_bonds("data", "bonds.parquet").rows
        9187
    """
    output = Path(output)
    chosen = get_format(output, format_)
    if not output.parent.is_dir():
        raise MissingFile(f"output folder {output.parent} does not exist; create it first")
    if output.exists() and not force:
        raise TableExists(f"{output} exists already; replace it (--force) or use another name")
    selection, report = select_sub_runs(Path(directory), soaps=soaps), ExportReport()
    draw = None if mix is None else draw_mix(selection, mix, seed)
    metadata = build_metadata(selection, published_names=published_names, draw=draw)
    with ExitStack() as stack:
        report_part = stack.enter_context(atomic_write(get_report_path(output)))
        manifest_part = stack.enter_context(atomic_write(get_manifest_path(output)))
        part = stack.enter_context(atomic_write(output))
        WRITERS[chosen](part, iter_bond_batches(selection, report, draw), metadata)
        _require_rows(directory, report)
        manifest_part.write_text(metadata.manifest, encoding="utf-8")
        report_part.write_text(_format_report(report, metadata), encoding="utf-8")
    report.warn_if_mixed()
    return report


def load_tree(
    directory: str | PathLike[str],
    *,
    soaps: bool = False,
    mix: str | Mix | None = None,
    seed: int = 0,
) -> pa.Table:
    """Return the training table of all usable sub-runs, the same as that of `export_bonds`.

    Units and meaning of the columns are in the metadata of the fields, the content id, licence,
    citation and SOAP descriptor in that of the schema.

    Args:
        directory: Folder of extracted sub-runs, `directory/<nc>/<id_run>/<sub_run>/`, or of a
            pulled dataset.
        soaps: Join the SOAP vectors of both atoms to each bond.
        mix: Numbers of bonds by type to draw, as of `export_bonds`.
        seed: Seed of the draw.

    Returns:
        The table; `load_tree(...).to_pandas()` is a pandas DataFrame.

    Raises:
        NothingToExport: The folder has no usable sub-run.
        TooFewBonds: The mix requires more bonds of a type than exist.
        MissingFile: A required file does not exist.
        MalformedFile: A file cannot be parsed.

    Warns:
        MixedData: The table has real and synthetic sub-runs.

    Example:
        >>> load_tree("data").num_rows
        9187
    """
    selection: Selection = select_sub_runs(Path(directory), soaps=soaps)
    draw = None if mix is None else draw_mix(selection, mix, seed)
    metadata, report = build_metadata(selection, draw=draw), ExportReport()
    tables = [to_arrow(batch, metadata) for batch in iter_bond_batches(selection, report, draw)]
    _require_rows(directory, report)
    report.warn_if_mixed()
    return pa.concat_tables(tables)


def get_report_path(output: Path) -> Path:
    """Return the path of the report: `bonds.parquet.report.json` for `bonds.parquet`."""
    return output.with_name(f"{output.name}.report.json")


def get_manifest_path(output: Path) -> Path:
    """Return the path of the manifest: `bonds.parquet.manifest-sha256.txt`."""
    return output.with_name(f"{output.name}.manifest-sha256.txt")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` if the block succeeds, or else is deleted."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _require_rows(directory: str | PathLike[str], report: ExportReport) -> None:
    if not report.rows:
        raise NothingToExport(f"{directory} has no bond with a complete cluster")


def _format_report(report: ExportReport, metadata: TableMetadata) -> str:
    document = report.to_dict() | {"metadata": metadata.to_dict()}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
