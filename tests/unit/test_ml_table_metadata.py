"""Metadata of the training table: columns, content id, licence, SOAP descriptor; companions."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest
from dataops_client.ml import export_bonds, load_tree, split_by_cell
from dataops_client.ml.columns import list_columns
from dataops_client.ml.errors import MalformedFile, MixedData, TableExists, UnknownFormat
from dataops_client.ml.formats import Format
from dataops_client.ml.table_metadata import TableMetadata
from dataops_client.ro_crate import METADATA_NAME

from tests.support.sub_run_files import NC, icohplist_of_lobster_5, soap_vectors, write_sub_run

# ASE 3.29 sets the shape of an empty array, which NumPy 2.5 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Setting the shape on a NumPy array:DeprecationWarning"
)

SOAP = "soap cutoff=3.75 l_max=6 n_max=8"
CITATION = "https://doi.org/10.1103/PhysRevMaterials.4.113603"


def describe(folder: Path, *, soap: str = SOAP, synthetic: bool = False) -> None:
    """Write metadata like those of a downloaded archive."""
    properties = {"profile": "full", "soap_descriptor": soap}
    properties |= {"synthetic": "true"} if synthetic else {}
    licence = {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    graph: list[dict[str, Any]] = [
        {"@id": "./", "@type": "Dataset", "license": licence, "citation": {"@id": CITATION}},
        {**licence, "@type": "CreativeWork", "name": "CC-BY-4.0"},
    ]
    graph += [
        {"@type": "PropertyValue", "@id": f"#{name}", "name": name, "value": value}
        for name, value in properties.items()
    ]
    (folder / METADATA_NAME).write_text(json.dumps({"@graph": graph}))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folder `data` with two runs of a sub-run each, with metadata."""
    for id_run in ("21", "22"):
        describe(write_sub_run(tmp_path / "data" / NC / id_run / "0"))
    return tmp_path / "data"


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata that the file of a table contains, without the columns."""
    match Format(path.suffix[1:]):
        case Format.PARQUET:
            read = pq.read_schema(path).metadata
            found: dict[str, Any] = {key.decode(): value.decode() for key, value in read.items()}
        case Format.NPZ:
            with np.load(path, allow_pickle=False) as arrays:
                found = json.loads(str(arrays["metadata"]))
        case Format.EXTXYZ:
            frame: Any = ase.io.read(path, 0)
            names = TableMetadata.to_texts(METADATA)
            found = {name: value for name, value in frame.info.items() if name in names}
        case Format.CSV:
            found = json.loads(path.with_name(f"{path.name}.report.json").read_text())["metadata"]
    found["synthetic"] = str(found["synthetic"]).lower()
    return {name: value for name, value in found.items() if name in METADATA.to_texts()}


METADATA = TableMetadata((), False, "", "CC-BY-4.0", CITATION, SOAP, False)


@pytest.mark.parametrize("format_", Format)
def test_every_format_has_the_metadata(tree: Path, tmp_path: Path, format_: Format) -> None:
    path = tmp_path / f"b.{format_}"
    export_bonds(tree, path, soaps=True)
    manifest = (tmp_path / f"b.{format_}.manifest-sha256.txt").read_bytes()
    expected = METADATA.to_texts() | {"content_id": hashlib.sha256(manifest).hexdigest()}
    assert read_metadata(path) == expected


def test_columns_of_parquet_have_unit_and_meaning(tree: Path, tmp_path: Path) -> None:
    export_bonds(tree, tmp_path / "b.parquet")
    for field in (
        pq.read_schema(tmp_path / "b.parquet").field("minus_icohp_ev"),
        load_tree(tree).schema.field("minus_icohp_ev"),
    ):
        assert field.metadata[b"unit"] == b"eV"
        assert b"positive for bonding" in field.metadata[b"description"]


@pytest.mark.parametrize("format_", [Format.NPZ, Format.CSV])
def test_columns_of_other_formats_are_described_in_json(
    tree: Path, tmp_path: Path, format_: Format
) -> None:
    export_bonds(tree, tmp_path / f"b.{format_}")
    report = json.loads((tmp_path / f"b.{format_}.report.json").read_text())
    if format_ is Format.NPZ:
        with np.load(tmp_path / "b.npz") as arrays:
            assert json.loads(str(arrays["metadata"])) == report["metadata"]
    assert report["metadata"]["columns"]["distance_angstrom"]["unit"] == "angstrom"


def test_load_tree_returns_the_table_of_export(tree: Path, tmp_path: Path) -> None:
    export_bonds(str(tree), str(tmp_path / "b.parquet"), "parquet", soaps=True)
    table = load_tree(str(tree), soaps=True)
    assert table.equals(pq.read_table(tmp_path / "b.parquet"), check_metadata=True)
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == table.column_names


def test_the_manifest_has_the_hashes_of_the_source_files(tree: Path, tmp_path: Path) -> None:
    export_bonds(tree, tmp_path / "b.csv", soaps=True)
    lines = (tmp_path / "b.csv.manifest-sha256.txt").read_text().splitlines()
    hashes = {name: digest for digest, name in (line.split("  ") for line in lines)}
    for name, digest in hashes.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert list(hashes) == sorted(hashes)
    assert [name for name in hashes if "/21/" in name] == [
        f"data/{NC}/21/0/{name}"
        for name in (
            "ICOHPLIST.lobster", "SOAPS.vec", f"{NC}.lb.out", f"{NC}.scf.in", f"{NC}.scf.out",
            "lobsterin-quippy",
        )
    ]  # fmt: skip


def test_the_content_id_depends_on_the_source_files_only(tree: Path, tmp_path: Path) -> None:
    def content_id(name: str, **options: Any) -> object:
        export_bonds(tree, tmp_path / name, **options)
        return read_metadata(tmp_path / name)["content_id"]

    first = content_id("a.csv")
    (tree / NC / "21" / "0" / "cluster-Cu1.xyz").write_text("not used")
    assert content_id("b.npz", published_names=True) == first
    assert content_id("c.csv", soaps=True) != first
    output = tree / NC / "22" / "0" / f"{NC}.scf.out"
    output.write_text(output.read_text() + "\n")
    assert content_id("d.csv") != first


def test_a_folder_without_metadata_has_no_licence(tmp_path: Path) -> None:
    write_sub_run(tmp_path / NC / "21" / "0")
    metadata = load_tree(tmp_path).schema.metadata
    assert {b"license", b"citation", b"soap_descriptor"}.isdisjoint(metadata)
    assert metadata[b"synthetic"] == b"false"


def test_synthetic_data_are_marked_in_the_schema(tree: Path) -> None:
    describe(tree / NC / "22" / "0", synthetic=True)
    with pytest.warns(MixedData):
        table = load_tree(tree)
    assert table.schema.metadata[b"synthetic"] == b"true"


def test_vectors_of_different_descriptors_cannot_share_a_table(tree: Path) -> None:
    describe(tree / NC / "22" / "0", soap="soap cutoff=5.0")
    with pytest.raises(MalformedFile, match=r"22/0/SOAPS\.vec: .* different descriptors"):
        load_tree(tree, soaps=True)
    assert load_tree(tree).num_rows == 10


@pytest.mark.parametrize("format_", Format)
def test_published_names_replace_the_names(tree: Path, tmp_path: Path, format_: Format) -> None:
    path = tmp_path / f"b.{format_}"
    export_bonds(tree, path, published_names=True)
    names = ["NC", "ID_RUN", "SUB_STEP", "A", "B", "bond_type", "Distance", "minusICOHP"]
    match format_:
        case Format.PARQUET:
            found = pq.read_schema(path).names
        case Format.CSV:
            found = list(pandas.read_csv(path).columns)
        case Format.NPZ:
            with np.load(path) as arrays:
                found = [name for name in arrays.files if name != "metadata"]
        case Format.EXTXYZ:
            frame: Any = ase.io.read(path, 0)
            found = [*names[:3], *(name for name in frame.info if name.startswith("bond_"))]
            names = [*names[:3], "bond_A", "bond_B", "bond_type", "bond_Distance"]
            names += ["bond_minusICOHP"]
    assert found == names


@pytest.mark.parametrize("format_", Format)
def test_spins_are_columns_with_gaps_for_other_sub_runs(
    tree: Path, tmp_path: Path, format_: Format
) -> None:
    (tree / NC / "22" / "0" / "ICOHPLIST.lobster").write_text(icohplist_of_lobster_5())
    path = tmp_path / f"b.{format_}"
    export_bonds(tree, path, soaps=True)
    up, down = "minus_icohp_spin_up_ev", "minus_icohp_spin_down_ev"
    match format_:
        case Format.PARQUET:
            columns = pq.read_table(path)
            assert columns.column_names[-4:] == [up, down, "soap_a", "soap_b"]
            assert columns[up].null_count == 5
            found = columns.to_pandas()
        case Format.CSV:
            found = pandas.read_csv(path)
        case Format.NPZ:
            with np.load(path) as arrays:
                found = pandas.DataFrame({name: arrays[name] for name in (up, down)})
                found["minus_icohp_ev"] = arrays["minus_icohp_ev"]
        case Format.EXTXYZ:
            frames: list[Any] = list(ase.io.iread(path))
            names = (up, down, "minus_icohp_ev")
            found = pandas.DataFrame(
                {
                    name: np.concatenate([one.info[f"bond_{name}"] for one in frames])
                    for name in names
                }
            )
    assert found[up].isna().tolist() == [True] * 5 + [False] * 5
    polarized = found.iloc[5:]
    assert (polarized[up] + polarized[down]).tolist() == polarized["minus_icohp_ev"].tolist()


def test_a_table_without_spins_has_no_columns_of_spins() -> None:
    names = [column.name for column in list_columns(soaps=True, spins=False)]
    assert not [name for name in names if "spin" in name]


@pytest.mark.parametrize("format_", Format)
def test_the_suffix_selects_the_format(tree: Path, tmp_path: Path, format_: Format) -> None:
    export_bonds(tree, tmp_path / f"b.{format_}")
    export_bonds(tree, tmp_path / "given", format_)
    assert (tmp_path / f"b.{format_}").read_bytes()[:6] == (tmp_path / "given").read_bytes()[:6]


@pytest.mark.parametrize(("name", "format_"), [("b.xlsx", None), ("b.csv", "xlsx"), ("b", None)])
def test_unknown_formats_are_rejected(
    tree: Path, tmp_path: Path, name: str, format_: str | None
) -> None:
    with pytest.raises(UnknownFormat, match="expected one of parquet, csv, npz, extxyz"):
        export_bonds(tree, tmp_path / name, format_)


def test_an_existing_table_is_replaced_only_by_force(tree: Path, tmp_path: Path) -> None:
    export_bonds(tree, tmp_path / "b.parquet", soaps=True)
    before = (tmp_path / "b.parquet").read_bytes()
    with pytest.raises(TableExists, match=r"b\.parquet exists already"):
        export_bonds(tree, tmp_path / "b.parquet")
    assert (tmp_path / "b.parquet").read_bytes() == before
    export_bonds(tree, tmp_path / "b.parquet", force=True)
    assert "soap_a" not in pq.read_schema(tmp_path / "b.parquet").names


def test_tables_of_one_stem_have_reports_of_their_own(tree: Path, tmp_path: Path) -> None:
    for format_ in Format:
        export_bonds(tree, tmp_path / f"b.{format_}")
    assert len(list(tmp_path.glob("b.*.report.json"))) == len(Format)


def test_the_same_files_give_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    for format_ in (Format.PARQUET, Format.CSV, Format.EXTXYZ):
        export_bonds(tree, tmp_path / f"a.{format_}", soaps=True)
        export_bonds(tree, tmp_path / f"b.{format_}", soaps=True)
        assert (tmp_path / f"a.{format_}").read_bytes() == (tmp_path / f"b.{format_}").read_bytes()


@pytest.fixture
def cells(tmp_path: Path) -> Any:
    """Table of five cells with three sub-runs each."""
    for number in range(5):
        for sub_run in ("0", "1", "2"):
            write_sub_run(
                tmp_path / "cells" / NC / str(number + 1) / sub_run, soaps=soap_vectors(seed=number)
            )
    return load_tree(tmp_path / "cells")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("fraction", "test_cells"), [(0.01, 1), (0.2, 1), (0.4, 2), (0.99, 4)])
def test_no_cell_is_in_both_parts(cells: Any, seed: int, fraction: float, test_cells: int) -> None:
    train, test = split_by_cell(cells, fraction, seed)
    of_train, of_test = (set(part["id_run"].to_pylist()) for part in (train, test))
    assert of_train.isdisjoint(of_test)
    assert len(of_test) == test_cells
    assert train.num_rows + test.num_rows == cells.num_rows
    assert train.schema.equals(cells.schema, check_metadata=True)
    assert test.equals(split_by_cell(cells, fraction, seed)[1])


def test_runs_of_one_number_are_different_cells(tmp_path: Path) -> None:
    for nc in (NC, "Cu2Zr2Al"):
        write_sub_run(tmp_path / nc / "1" / "0", nc=nc)
    train, test = split_by_cell(load_tree(tmp_path), 0.5)
    assert {*train["nc"].to_pylist()} != {*test["nc"].to_pylist()}


def test_different_seeds_choose_different_cells(cells: Any) -> None:
    chosen = {split_by_cell(cells, 0.2, seed)[1]["id_run"][0].as_py() for seed in range(20)}
    assert len(chosen) > 1


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 2.0])
def test_fractions_outside_of_0_and_1_are_rejected(cells: Any, fraction: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_by_cell(cells, fraction)


def test_one_cell_cannot_be_split(tmp_path: Path) -> None:
    for sub_run in ("0", "1"):
        write_sub_run(tmp_path / NC / "1" / sub_run)
    with pytest.raises(ValueError, match="1 cell; a split by cells requires two or more runs"):
        split_by_cell(load_tree(tmp_path))
