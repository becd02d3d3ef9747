"""Export of the training table: formats, report, atomic writes and commands."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest
import typer
from dataops_client.cli.training import export, plot
from dataops_client.ml import export_bonds, load_sub_run, plot_bonds
from dataops_client.ml.errors import (
    MalformedFile,
    MissingFile,
    MixedData,
    NothingToExport,
    RefusedPickle,
    TableExists,
    UnknownFormat,
)
from dataops_client.ml.formats import Format
from dataops_client.ro_crate import METADATA_NAME
from typer.testing import CliRunner

from tests.support.sub_run_files import (
    BONDS,
    CLUSTERS,
    ENERGY_RYDBERG,
    NC,
    scf_out,
    soap_vectors,
    write_sub_run,
)

# ASE 3.29 sets the shape of an empty array, which NumPy 2.5 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Setting the shape on a NumPy array:DeprecationWarning"
)

COLUMNS = [
    "nc", "id_run", "sub_run", "atom_a", "atom_b", "bond_type", "distance_angstrom",
    "minus_icohp_ev",
]  # fmt: skip
# The clusters name five of the seven bonds, each from both sides; 2-3 and 3-5 are LOBSTER's alone.
ROWS = [
    (1, 5, "Zr-Cu", 2.6, 1.0),
    (1, 2, "Zr-Cu", 2.7, 0.9),
    (1, 3, "Cu-Al", 2.5, 1.2),
    (1, 4, "Cu-Cu", 2.4, 0.4),
    (3, 4, "Cu-Al", 3.46554, 0.2),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folder with two usable sub-runs, one with an unlabelled bond, and an unconverged one."""
    tree = tmp_path / "tree"
    write_sub_run(tree / NC / "21" / "0")
    write_sub_run(
        tree / NC / "21" / "2",
        bonds=[bond for bond in BONDS if bond[:2] != (3, 4)],
        soaps=soap_vectors(seed=2),
    )
    write_sub_run(tree / NC / "21" / "10", converged=False)
    return tree


def read(path: Path, format_: Format) -> list[tuple[Any, ...]]:
    """Return the rows of a table, read by another library than its writer if possible."""
    if format_ is Format.PARQUET:
        rows = pq.read_table(path).select(COLUMNS).to_pylist()
        return [tuple(row.values()) for row in rows]
    if format_ is Format.NPZ:
        with np.load(path) as arrays:
            return list(zip(*(arrays[name].tolist() for name in COLUMNS), strict=True))
    if format_ is Format.CSV:
        frame = pandas.read_csv(path)
        return [tuple(row) for row in frame[COLUMNS].itertuples(index=False)]
    frames = ase.io.read(path, ":", format="extxyz")
    assert isinstance(frames, list)
    return [
        (frame.info["nc"], frame.info["id_run"], frame.info["sub_run"], *bond)
        for frame in frames
        for bond in zip(
            *(
                np.array(frame.info[f"bond_{n.removeprefix('bond_')}"]).tolist()
                for n in COLUMNS[3:]
            ),
            strict=True,
        )
    ]


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize("soaps", [False, True])
def test_every_format_gives_the_same_rows(
    tree: Path, tmp_path: Path, format_: Format, soaps: bool
) -> None:
    out = tmp_path / f"bonds.{format_}"
    export_bonds(tree, out, format_, soaps=soaps)
    rows = read(out, format_)
    assert [row[:6] + row[7:] for row in rows[:5]] == [
        (NC, 21, 0, a, b, kind, icohp) for a, b, kind, _, icohp in ROWS
    ]
    assert [row[6] for row in rows[:5]] == pytest.approx([distance for *_, distance, _ in ROWS])
    assert [row[1:5] for row in rows[5:]] == [
        (21, 2, 1, 5),
        (21, 2, 1, 2),
        (21, 2, 1, 3),
        (21, 2, 1, 4),
    ]


def test_the_columns_of_parquet_are_typed(tree: Path, tmp_path: Path) -> None:
    export_bonds(tree, tmp_path / "bonds.parquet", Format.PARQUET, soaps=True)
    schema = pq.read_schema(tmp_path / "bonds.parquet")
    assert schema.names == [*COLUMNS, "soap_a", "soap_b"]
    assert [str(kind) for kind in schema.types[:8]] == [
        "string",
        "int64",
        "int64",
        "int64",
        "int64",
        "string",
        "double",
        "double",
    ]
    assert str(schema.field("soap_a").type) == "fixed_size_list<element: double>[7]"


def test_parquet_joins_the_vectors_of_both_atoms(tree: Path, tmp_path: Path) -> None:
    export_bonds(tree, tmp_path / "bonds.parquet", Format.PARQUET, soaps=True)
    rows = pq.read_table(tmp_path / "bonds.parquet").to_pylist()
    for row in rows:
        vectors = soap_vectors(seed=row["sub_run"])
        assert row["soap_a"] == vectors[row["atom_a"] - 1].tolist()
        assert row["soap_b"] == vectors[row["atom_b"] - 1].tolist()


def test_csv_joins_the_vectors_without_losing_a_digit(tree: Path, tmp_path: Path) -> None:
    export_bonds(tree, tmp_path / "bonds.csv", Format.CSV, soaps=True)
    with (tmp_path / "bonds.csv").open(newline="") as stream:
        last = list(csv.DictReader(stream))[-1]
    assert float(last["soap_b_6"]) == soap_vectors(seed=2)[int(last["atom_b"]) - 1, 6]


def test_npz_stores_each_vector_once_and_without_pickle(tree: Path, tmp_path: Path) -> None:
    export_bonds(tree, tmp_path / "bonds.npz", Format.NPZ, soaps=True)
    with np.load(tmp_path / "bonds.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(
            arrays["soap"], np.concatenate([soap_vectors(), soap_vectors(seed=2)])
        )
        of_second = arrays["sub_run"] == 2
        np.testing.assert_array_equal(
            arrays["soap"][arrays["soap_row_b"][of_second]],
            soap_vectors(seed=2)[arrays["atom_b"][of_second] - 1],
        )


def test_extxyz_has_a_frame_per_sub_run_with_energy_forces_and_vectors(
    tree: Path, tmp_path: Path
) -> None:
    (tree / NC / "21" / "2" / f"{NC}.scf.out").write_text(scf_out(stress=True))
    export_bonds(tree, tmp_path / "bonds.extxyz", Format.EXTXYZ, soaps=True)
    frames: list[Any] = list(ase.io.iread(tmp_path / "bonds.extxyz"))
    assert [
        (frame.info["nc"], frame.info["id_run"], frame.info["sub_run"]) for frame in frames
    ] == [(NC, 21, 0), (NC, 21, 2)]
    assert frames[0].info["REF_energy"] == pytest.approx(ENERGY_RYDBERG * 13.605692)
    # 0.1 Ry/bohr = 0.1 * 13.605692 / 0.5291772 eV/angstrom
    assert frames[0].arrays["REF_forces"][0, 0] == pytest.approx(2.5711036, rel=1e-6)
    assert "REF_stress" not in frames[0].info
    # -2e-4 Ry/bohr^3 of pw.x (tension) = +2e-4 * 91.8158 eV/angstrom^3
    assert frames[1].info["REF_stress"].shape == (3, 3)
    assert frames[1].info["REF_stress"][0, 0] == pytest.approx(0.018363, rel=1e-4)
    assert frames[1].info["REF_stress"][0, 1] == frames[1].info["REF_stress"][1, 0]
    assert frames[0].calc is None
    assert frames[0].pbc.all()
    np.testing.assert_allclose(frames[1].arrays["soap"], soap_vectors(seed=2), atol=1e-8)


def test_the_columns_do_not_depend_on_the_number_of_compositions(
    tree: Path, tmp_path: Path
) -> None:
    write_sub_run(tree / "Cu2Zr2Al" / "3" / "0", nc="Cu2Zr2Al")
    export_bonds(tree, tmp_path / "bonds.parquet", Format.PARQUET)
    table = pq.read_table(tmp_path / "bonds.parquet")
    assert table.column_names == COLUMNS
    assert table["nc"].unique().to_pylist() == ["Cu2Zr2Al", NC]


def test_sub_runs_are_in_numeric_order(tmp_path: Path) -> None:
    for id_run, sub_run in (("10", "0"), ("9", "10"), ("9", "2")):
        write_sub_run(tmp_path / NC / id_run / sub_run)
    export_bonds(tmp_path, tmp_path / "bonds.csv", Format.CSV)
    assert list(dict.fromkeys(row[1:3] for row in read(tmp_path / "bonds.csv", Format.CSV))) == [
        (9, 2),
        (9, 10),
        (10, 0),
    ]


def test_the_report_lists_discarded_clusters_and_skipped_sub_runs(
    tree: Path, tmp_path: Path
) -> None:
    export_bonds(tree, tmp_path / "bonds.parquet", Format.PARQUET)
    report = json.loads((tmp_path / "bonds.parquet.report.json").read_text())
    assert report.pop("metadata")["synthetic"] is False
    identity = {"nc": NC, "id_run": 21}
    assert report == {
        "rows": 9,
        "real_sub_runs": 2,
        "sub_runs": 2,
        "synthetic_sub_runs": 0,
        "rows_per_bond_type": {"Zr-Cu": 4, "Cu-Al": 3, "Cu-Cu": 2},
        "discarded_clusters": [
            identity | {"sub_run": 2, "atom": 3, "bonds_without_label": ["Al3-Cu4"]},
            identity | {"sub_run": 2, "atom": 4, "bonds_without_label": ["Cu4-Al3"]},
        ],
        "left_out": [
            identity
            | {
                "sub_run": 10,
                "outcome": "SCF_NOT_CONVERGED",
                "missing_files": [f"{NC}.lb.out", "ICOHPLIST.lobster"],
                "reason": f"SCF_NOT_CONVERGED (missing: {NC}.lb.out, ICOHPLIST.lobster)",
            }
        ],
    }


def test_the_report_is_short_in_a_notebook(tree: Path, tmp_path: Path) -> None:
    report = export_bonds(tree, tmp_path / "bonds.parquet")
    assert repr(report) == "ExportReport(9 bonds, 2 sub-runs, 1 skipped)"
    assert "<th>Zr-Cu</th><td>4</td>" in report._repr_html_()
    assert f"<li>{NC}/21/10 SCF_NOT_CONVERGED" in report._repr_html_()


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("lobsterin-quippy", "DONE"),
        (f"{NC}.lb.out", "LOB_NOT_FINISHED_BUT_ICOHP_OK"),
        ("ICOHPLIST.lobster", "SCF_CONVERGED_BUT_NO_ICOHP"),
    ],
)
def test_a_sub_run_without_a_required_file_is_skipped(
    tree: Path, tmp_path: Path, name: str, outcome: str
) -> None:
    (tree / NC / "21" / "0" / name).unlink()
    skipped = export_bonds(tree, tmp_path / "bonds.csv", Format.CSV).skipped[0]
    assert (skipped.sub_run, skipped.outcome, skipped.missing_files) == (0, outcome, (name,))


def test_an_empty_sub_run_is_skipped_as_no_data(tree: Path, tmp_path: Path) -> None:
    (tree / NC / "21" / "3").mkdir()
    assert [
        skipped.outcome for skipped in export_bonds(tree, tmp_path / "b.csv", Format.CSV).skipped
    ] == ["NO_DATA", "SCF_NOT_CONVERGED"]


@pytest.mark.parametrize("format_", Format)
def test_an_error_keeps_the_former_table_and_leaves_no_other_file(
    tree: Path, tmp_path: Path, format_: Format
) -> None:
    out = tmp_path / "out" / "bonds.table"
    out.parent.mkdir()
    out.write_text("the former table")
    (tree / NC / "21" / "2" / "SOAPS.vec").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(RefusedPickle, match=r"21/2/SOAPS\.vec"):
        export_bonds(tree, out, format_, soaps=True, force=True)
    assert [path.name for path in out.parent.iterdir()] == ["bonds.table"]
    assert out.read_text() == "the former table"


def test_vectors_of_different_lengths_cannot_share_a_table(tree: Path, tmp_path: Path) -> None:
    write_sub_run(tree / NC / "22" / "0", soaps=soap_vectors(components=9))
    with pytest.raises(MalformedFile, match=r"\[7, 9\] components"):
        export_bonds(tree, tmp_path / "bonds.parquet", Format.PARQUET, soaps=True)


def test_missing_vectors_are_an_error(tree: Path, tmp_path: Path) -> None:
    (tree / NC / "21" / "2" / "SOAPS.vec").unlink()
    with pytest.raises(MissingFile, match=r"21/2/SOAPS\.vec"):
        export_bonds(tree, tmp_path / "bonds.parquet", Format.PARQUET, soaps=True)


def test_the_error_of_another_folder_layout_contains_the_layout(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToExport, match="<nc>/<id_run>/<sub_run>"):
        export_bonds(tree / NC, tmp_path / "bonds.csv", Format.CSV)


def test_a_folder_without_usable_sub_runs_raises_with_the_reasons(tmp_path: Path) -> None:
    write_sub_run(tmp_path / "tree" / NC / "21" / "13", converged=False)
    with pytest.raises(NothingToExport, match=r"21/13 SCF_NOT_CONVERGED \(missing: "):
        export_bonds(tmp_path / "tree", tmp_path / "bonds.parquet", Format.PARQUET)
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_a_missing_output_folder_is_an_error(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="missing"):
        export_bonds(tree, tmp_path / "missing" / "bonds.csv", Format.CSV)


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]
)
def test_the_suffix_selects_the_picture_format(
    tree: Path, tmp_path: Path, suffix: str, magic: bytes
) -> None:
    out = tmp_path / f"bonds{suffix}"
    assert plot_bonds(tree, out).rows == 9
    assert out.read_bytes().startswith(magic)


def test_the_plot_has_a_panel_per_bond_type(tree: Path, tmp_path: Path) -> None:
    plot_bonds(tree, tmp_path / "bonds.svg")
    drawn = (tmp_path / "bonds.svg").read_text()
    assert [title in drawn for title in ("Cu-Al (3)", "Cu-Cu (2)", "Zr-Cu (4)")] == [True] * 3


def test_other_picture_suffixes_are_rejected(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match=r"bonds\.xls does not end in"):
        plot_bonds(tree, tmp_path / "bonds.xls")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command("export")(export)
    app.command("plot")(plot)
    return app


def test_the_command_exports_and_prints_a_summary(
    app: typer.Typer, tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "table.csv"
    result = CliRunner().invoke(
        app, ["export", str(tree), "--format", "csv", "-o", str(out)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert len(read(out, Format.CSV)) == 9
    for text in (
        "Zr-Cu            4",
        "9 bonds from 2 sub-runs, 1 skipped",
        f"{NC}/21/10 SCF_NOT_CONVERGED",
        str(out),
        "table.csv.report.json",
        "table.csv.manifest-sha256.txt",
    ):
        assert text in result.output


def test_the_command_writes_parquet_to_the_working_folder_by_default(
    app: typer.Typer, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        CliRunner().invoke(app, ["export", str(tree), "--soaps"], catch_exceptions=False).exit_code
        == 0
    )
    assert "soap_a" in pq.read_schema("bonds.parquet").names


def test_no_table_is_written_if_the_folder_for_lobsterpy_has_files(
    app: typer.Typer, tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.csv"
    command = ["export", str(tree), "-o", str(out), "--lobsterpy", str(tree)]
    assert isinstance(CliRunner().invoke(app, command).exception, TableExists)
    assert not out.exists()


def test_the_command_prints_one_json_document(app: typer.Typer, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    result = CliRunner().invoke(app, ["export", str(tree), "-o", str(out), "--json"])
    document = json.loads(result.output)
    assert (document["table"], document["rows"]) == (str(out), 9)
    assert Path(document["report"]).is_file()
    assert Path(document["manifest"]).is_file()
    assert document["metadata"]["columns"]["minus_icohp_ev"]["unit"] == "eV"
    picture = tmp_path / "bonds.png"
    result = CliRunner().invoke(app, ["plot", str(tree), "-o", str(picture), "--json"])
    assert json.loads(result.output)["picture"] == str(picture)


def test_the_command_takes_the_format_from_the_suffix(
    app: typer.Typer, tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "table.npz"
    CliRunner().invoke(app, ["export", str(tree), "-o", str(out)], catch_exceptions=False)
    with np.load(out) as arrays:
        assert len(arrays["minus_icohp_ev"]) == 9


def test_the_command_replaces_a_table_only_with_force(
    app: typer.Typer, tree: Path, tmp_path: Path
) -> None:
    command = ["export", str(tree), "-o", str(tmp_path / "b.csv")]
    assert CliRunner().invoke(app, command).exit_code == 0
    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, TableExists)
    assert CliRunner().invoke(app, [*command, "--force"]).exit_code == 0


def test_the_command_writes_published_names_and_folders_for_lobsterpy(
    app: typer.Typer, tree: Path, tmp_path: Path
) -> None:
    out, folder = tmp_path / "b.csv", tmp_path / "lobsterpy"
    command = ["export", str(tree), "-o", str(out), "--published-names", "--lobsterpy", str(folder)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert out.read_text().startswith("NC,ID_RUN,SUB_STEP,A,B,bond_type,Distance,minusICOHP\n")
    assert (folder / NC / "21" / "2" / "POSCAR.lobster").is_file()
    assert f"folders for LobsterPy: {folder} (2 sub-runs)" in result.output


def test_the_command_plots(app: typer.Typer, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "bonds.png"
    assert (
        CliRunner()
        .invoke(app, ["plot", str(tree), "-o", str(out)], catch_exceptions=False)
        .exit_code
        == 0
    )
    assert out.exists()


def test_clusters_of_the_sample_contain_each_bond_from_both_sides() -> None:
    named = {(a, b) for a, others in CLUSTERS for b, _ in others}
    assert named == {(b, a) for a, b in named}


TRAINING_FILES = {
    f"{NC}.scf.in", f"{NC}.scf.out", f"{NC}.lb.out",
    "ICOHPLIST.lobster", "lobsterin-quippy", "SOAPS.vec",
}  # fmt: skip


def download(folder: Path, kept: set[str] | None = None, **properties: str) -> None:
    """Turn a sub-run into a download of the files `kept`, with metadata of these properties."""
    for path in list(folder.iterdir()):
        if kept is not None and path.name not in kept:
            path.unlink()
    graph: list[dict[str, str]] = [
        {"@type": "File", "@id": path.name} for path in sorted(folder.iterdir())
    ]
    graph += [
        {"@type": "PropertyValue", "@id": f"#{name}", "name": name, "value": value}
        for name, value in properties.items()
    ]
    (folder / METADATA_NAME).write_text(json.dumps({"@graph": graph}))


def test_the_essential_profile_gives_the_same_rows_as_full(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree, tmp_path / "essential")
    for number in ("0", "2"):
        download(tree / NC / "21" / number, profile="full")
        download(tmp_path / "essential" / NC / "21" / number, TRAINING_FILES, profile="essential")
    missing = f"{NC}.lb.out, ICOHPLIST.lobster"
    download(
        tmp_path / "essential" / NC / "21" / "10",
        TRAINING_FILES,
        profile="essential",
        missing=missing,
    )
    reports = [
        export_bonds(place, tmp_path / f"{place.name}.csv", Format.CSV, soaps=True)
        for place in (tree, tmp_path / "essential")
    ]
    assert reports[0] == reports[1]
    assert (tmp_path / "tree.csv").read_text() == (tmp_path / "essential.csv").read_text()


@pytest.mark.parametrize(
    ("properties", "selection"),
    [
        ({"profile": "essential"}, "profile essential"),
        (
            {"profile": "full", "include": "\x1b*.scf.*, \x9bICOHP*"},
            r"profile full, include \*\.scf\.\*, ICOHP\*",
        ),
    ],
)
def test_an_outcome_is_not_derived_from_an_excluded_file(
    tmp_path: Path, properties: dict[str, str], selection: str
) -> None:
    """Use the four files of the former profile `essential`, without that of LOBSTER's end."""
    folder = write_sub_run(tmp_path / "tree" / NC / "21" / "0")
    download(folder, TRAINING_FILES - {f"{NC}.lb.out", "lobsterin-quippy"}, **properties)
    assert load_sub_run(folder).outcome is None
    reason = (
        rf"21/0 {NC}\.lb\.out is not in this download \({selection}\); "
        "lobsterin-quippy is not in this download"
    )
    with pytest.raises(NothingToExport, match=reason) as caught:
        export_bonds(tmp_path / "tree", tmp_path / "b.csv", Format.CSV)
    assert "NOT_FINISHED" not in str(caught.value)


def test_a_file_missing_at_the_source_determines_the_outcome(tmp_path: Path) -> None:
    folder = write_sub_run(tmp_path / NC / "21" / "0")
    download(
        folder,
        TRAINING_FILES - {f"{NC}.lb.out"},
        profile="essential",
        missing=f"{NC}.lb.out, lobsterin-quippy",
    )
    assert load_sub_run(folder).outcome == "LOB_NOT_FINISHED_BUT_ICOHP_OK"


def test_an_unconverged_output_determines_the_outcome_alone(tmp_path: Path) -> None:
    folder = write_sub_run(tmp_path / NC / "21" / "0", converged=False)
    download(folder, {f"{NC}.scf.out"}, profile="full", include="*.scf.out")
    assert load_sub_run(folder).outcome == "SCF_NOT_CONVERGED"


def test_a_file_deleted_after_the_download_is_reported(tree: Path, tmp_path: Path) -> None:
    download(tree / NC / "21" / "0", profile="full")
    (tree / NC / "21" / "0" / f"{NC}.lb.out").unlink()
    skipped = export_bonds(tree, tmp_path / "b.csv", Format.CSV).skipped[0]
    assert (skipped.outcome, skipped.reason) == (
        None,
        f"{NC}.lb.out was deleted after the download",
    )


def test_metadata_of_a_run_apply_to_its_sub_runs(tree: Path, tmp_path: Path) -> None:
    for number in ("0", "2"):
        (tree / NC / "21" / number / f"{NC}.lb.out").unlink()
    properties = {"profile": "essential", "missing": f"2/{NC}.lb.out", "synthetic": "true"}
    graph = [
        {"@type": "PropertyValue", "name": name, "value": value}
        for name, value in properties.items()
    ]
    (tree / NC / "21" / METADATA_NAME).write_text(json.dumps({"@graph": graph}))
    assert load_sub_run(tree / NC / "21" / "0").outcome is None
    assert load_sub_run(tree / NC / "21" / "2").outcome == "LOB_NOT_FINISHED_BUT_ICOHP_OK"
    assert load_sub_run(tree / NC / "21" / "10").synthetic


@pytest.mark.parametrize("left", ["SOAPS.vec", f"{NC}.scf.in"])
def test_excluded_vectors_and_structures_are_reported(
    tree: Path, tmp_path: Path, left: str
) -> None:
    download(tree / NC / "21" / "0", TRAINING_FILES - {left}, profile="full", include="x")
    report = export_bonds(tree, tmp_path / "b.csv", Format.CSV, soaps=True)
    assert (report.skipped[0].reason, report.sub_runs) == (
        f"{left} is not in this download (profile full, include x)",
        1,
    )


@pytest.mark.parametrize("metadata", ["{", "[]", '{"@graph": [1]}', "[" * 200_000])
def test_invalid_metadata_are_ignored(tree: Path, tmp_path: Path, metadata: str) -> None:
    (tree / NC / "21" / "0" / METADATA_NAME).write_text(metadata)
    assert export_bonds(tree, tmp_path / "b.csv", Format.CSV).sub_runs == 2


CAUTION = "synthetic data: do not train, publish or compare"


@pytest.mark.parametrize("command", ["export", "plot"])
def test_the_last_line_warns_of_synthetic_data(
    app: typer.Typer, tree: Path, tmp_path: Path, command: str
) -> None:
    for number in ("0", "2"):
        download(tree / NC / "21" / number, profile="full", synthetic="true")
    out = tmp_path / ("b.parquet" if command == "export" else "b.png")
    result = CliRunner().invoke(app, [command, str(tree), "-o", str(out)], catch_exceptions=False)
    assert result.output.splitlines()[-1] == CAUTION
    if command == "export":
        report = json.loads((tmp_path / "b.parquet.report.json").read_text())
        assert (report["real_sub_runs"], report["synthetic_sub_runs"]) == (0, 2)


def test_real_data_are_not_called_synthetic(app: typer.Typer, tree: Path, tmp_path: Path) -> None:
    download(tree / NC / "21" / "0", profile="full")
    result = CliRunner().invoke(
        app, ["export", str(tree), "-o", str(tmp_path / "b.parquet")], catch_exceptions=False
    )
    assert "synthetic" not in result.output


@pytest.mark.parametrize("command", ["export", "plot"])
def test_mixed_real_and_synthetic_data_warn_with_counts(
    app: typer.Typer, tree: Path, tmp_path: Path, command: str
) -> None:
    download(tree / NC / "21" / "2", profile="full", synthetic="true")
    out = tmp_path / ("b.parquet" if command == "export" else "b.png")
    with pytest.warns(MixedData, match="1 real and 1 synthetic sub-runs are mixed"):
        result = CliRunner().invoke(
            app, [command, str(tree), "-o", str(out)], catch_exceptions=False
        )
    assert (
        result.output.splitlines()[-1]
        == "synthetic data (1 of 2 sub-runs): do not train, publish or compare"
    )
