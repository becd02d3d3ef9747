"""Tables of pulled datasets: identity in every format, and mixed sets."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pyarrow.parquet as pq
import pytest
from dataops_client.cli.app import app
from dataops_client.datasets.lock import DatasetLock
from dataops_client.errors import InvalidRequest
from dataops_client.ml import export_bonds, load_sub_run, load_tree
from dataops_client.ml.errors import MalformedFile, MissingFile, TooFewBonds
from dataops_client.ml.folders import SubRunFolder
from dataops_client.ml.formats import Format
from dataops_client.ml.lobster import Bond
from dataops_client.ml.mix import build_key, draw_bonds, parse_mix
from dataops_client.models.datasets import Advisory
from typer.testing import CliRunner

from tests.support.fake_datasets import build_manifest
from tests.support.sub_run_files import NC, write_sub_run

# ASE 3.29 sets the shape of an empty array, which NumPy 2.5 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Setting the shape on a NumPy array:DeprecationWarning"
)

ADVISORY = Advisory("deprecated", "use DB8", (), datetime(2026, 1, 1, tzinfo=UTC), "1.1.0")


@pytest.fixture
def pulled(tmp_path: Path) -> Path:
    """Folder of a pulled dataset of three runs with two sub-runs."""
    folder = tmp_path / "cuzr"
    for id_run in ("1", "2", "10"):
        for sub_run in ("0", "1"):
            write_sub_run(folder / "data" / NC / id_run / sub_run)
    write_lock(folder)
    return folder


def write_lock(folder: Path, **selection: Any) -> str:
    """Write manifest, selection and lock of the files in a folder. Return the content id."""
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    payload = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    manifest = build_manifest(payload)
    (folder / "manifest-sha256.txt").write_bytes(manifest)
    sub_runs = [
        {"nc": path.parents[1].name, "id_run": path.parent.name, "sub_run": path.name}
        for path in (folder / "data").glob("*/*/*")
    ]
    facts = {"license": "CC-BY-4.0", "synthetic": True, "soap_descriptor": "soap", "citation": None}
    (folder / "selection.json").write_text(json.dumps(facts | {"sub_runs": sub_runs} | selection))
    content_id = hashlib.sha256(manifest).hexdigest()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    DatasetLock("cuzr", "1.0.0", content_id, "http://api", now, (ADVISORY,)).write(folder)
    return content_id


def read_metadata(path: Path) -> dict[str, Any]:
    match Format(path.suffix[1:]):
        case Format.PARQUET:
            found = pq.read_schema(path).metadata
            return {key.decode(): value.decode() for key, value in found.items()}
        case Format.NPZ:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(json.loads(str(arrays["metadata"])))
        case Format.EXTXYZ:
            frame: Any = ase.io.read(path, 0)
            return dict(frame.info)
        case Format.CSV:
            report = json.loads(path.with_name(f"{path.name}.report.json").read_text())
            return dict(report["metadata"])


@pytest.mark.parametrize("format_", Format)
def test_every_format_names_the_dataset_and_its_advisories(
    pulled: Path, tmp_path: Path, format_: Format
) -> None:
    path = tmp_path / f"b.{format_}"
    export_bonds(pulled, path)
    found = read_metadata(path)
    content_id = hashlib.sha256((pulled / "manifest-sha256.txt").read_bytes()).hexdigest()
    assert found["dataset"] == "cuzr@1.0.0"
    assert found["dataset_content_id"] == content_id
    assert found["dataset_advisories"] == "deprecated: use DB8; use version 1.1.0"
    assert found["license"] == "CC-BY-4.0"
    assert str(found["synthetic"]).lower()[:1] == "t"
    sources = (tmp_path / f"b.{format_}.manifest-sha256.txt").read_bytes()
    assert found["content_id"] == hashlib.sha256(sources).hexdigest() != content_id
    assert set(sources.splitlines()) < set(
        (pulled / "manifest-sha256.txt").read_bytes().splitlines()
    )


def test_the_command_prints_dataset_advisories_and_draw(pulled: Path, tmp_path: Path) -> None:
    command = ["export", str(pulled), "-o", str(tmp_path / "b.csv"), "--mix", "Cu-Zr=3"]
    done = CliRunner().invoke(app, [*command, "--seed", "2"], catch_exceptions=False)
    assert (done.exit_code, "Zr-Cu            3\n" in done.stdout) == (0, True)
    assert "dataset: cuzr@1.0.0, content id " in done.stdout
    assert "warning: cuzr@1.0.0 is deprecated: use DB8; use version 1.1.0\n" in done.stderr
    metadata = json.loads((tmp_path / "b.csv.report.json").read_text())["metadata"]
    assert (metadata["mix"], metadata["seed"]) == ("Zr-Cu=3", "2")


def test_the_folder_data_of_a_dataset_is_the_dataset(pulled: Path) -> None:
    whole, inner = load_tree(pulled), load_tree(pulled / "data")
    assert whole.equals(inner, check_metadata=True)
    assert sorted({*whole["id_run"].to_pylist()}) == [1, 2, 10]
    assert load_sub_run(pulled / "data" / NC / "1" / "0").synthetic


def test_a_file_that_is_not_of_the_dataset_is_refused(pulled: Path, tmp_path: Path) -> None:
    output = pulled / "data" / NC / "2" / "0" / f"{NC}.scf.out"
    output.write_text(output.read_text() + "\n")
    with pytest.raises(MalformedFile, match=r"is not a file of cuzr@1\.0\.0; `dataops dataset ve"):
        export_bonds(pulled, tmp_path / "b.csv")
    assert not list(tmp_path.glob("b.csv*"))
    write_lock(pulled)
    write_sub_run(pulled / "data" / NC / "3" / "0")
    with pytest.raises(MalformedFile, match="3/0/"):
        load_tree(pulled)


def test_files_that_the_profile_left_out_are_explained(pulled: Path, tmp_path: Path) -> None:
    (pulled / "data" / NC / "2" / "0" / "lobsterin-quippy").unlink()
    write_lock(pulled, profile="essential")
    skipped = export_bonds(pulled, tmp_path / "b.csv").skipped
    assert [each.reason for each in skipped] == [
        "lobsterin-quippy is not in this download (profile essential)"
    ]


def test_a_dataset_without_its_documents_is_not_exported(pulled: Path) -> None:
    selection = (pulled / "selection.json").read_text()
    (pulled / "selection.json").write_text("[]")
    with pytest.raises(MalformedFile, match="not the selection of a dataset"):
        load_tree(pulled)
    (pulled / "selection.json").unlink()
    with pytest.raises(MissingFile, match="repeat `dataops dataset pull`"):
        load_tree(pulled)
    (pulled / "selection.json").write_text(selection)
    (pulled / "manifest-sha256.txt").unlink()
    with pytest.raises(MissingFile, match="repeat `dataops dataset pull`"):
        load_tree(pulled)


def test_a_mix_draws_its_numbers_of_each_type(pulled: Path, tmp_path: Path) -> None:
    report = export_bonds(pulled, tmp_path / "b.parquet", mix="Cu-Zr=3,Cu-Al=2", seed=7, soaps=True)
    table = pq.read_table(tmp_path / "b.parquet")
    assert Counter(table["bond_type"].to_pylist()) == report.rows_per_bond_type
    assert report.rows_per_bond_type == {"Zr-Cu": 3, "Cu-Al": 2}
    assert report.sub_runs == len(
        {*zip(*(table[name].to_pylist() for name in ("id_run", "sub_run")), strict=True)}
    )
    metadata = json.loads((tmp_path / "b.parquet.report.json").read_text())["metadata"]
    assert (metadata["mix"], metadata["seed"]) == ("Zr-Cu=3,Cu-Al=2", "7")
    assert table.schema.metadata[b"mix"] == b"Zr-Cu=3,Cu-Al=2"
    assert load_tree(pulled, mix={"Zr-Cu": 3, "Al-Cu": 2}, seed=7, soaps=True).equals(table)


def test_a_draw_is_the_one_that_the_documentation_describes(pulled: Path) -> None:
    rows = load_tree(pulled, mix="Zr-Cu=4", seed=1).to_pylist()
    drawn = {(row["id_run"], row["sub_run"], row["atom_a"], row["atom_b"]) for row in rows}
    translations = {(1, 2): "0,0,0", (1, 5): "1,0,0"}
    keys = {
        (id_run, sub_run, *atoms): f"1 {NC}/{id_run}/{sub_run}/{atoms[0]}-{atoms[1]}/{offset}"
        for id_run in (1, 2, 10)
        for sub_run in (0, 1)
        for atoms, offset in translations.items()
    }
    ordered = sorted(keys, key=lambda each: hashlib.sha256(keys[each].encode()).hexdigest())
    assert drawn == set(ordered[:4])


def test_a_draw_does_not_depend_on_the_order_and_place_of_the_files(
    pulled: Path, tmp_path: Path
) -> None:
    shutil.copytree(pulled / "data" / NC / "10", tmp_path / "moved" / NC / "10")
    for id_run in ("2", "1"):
        shutil.copytree(pulled / "data" / NC / id_run, tmp_path / "moved" / NC / id_run)
    drawn = [load_tree(place, mix="Zr-Cu=5", seed=3) for place in (pulled, tmp_path / "moved")]
    assert drawn[0].equals(drawn[1])
    assert not drawn[0].equals(load_tree(pulled, mix="Zr-Cu=5", seed=4))
    larger = load_tree(pulled, mix="Zr-Cu=6", seed=3).to_pylist()
    assert all(row in larger for row in drawn[0].to_pylist())


def test_a_mix_of_more_bonds_than_exist_names_type_and_number(pulled: Path, tmp_path: Path) -> None:
    with pytest.raises(TooFewBonds, match="requires 13 bonds of type Zr-Cu, and only 12 exist"):
        export_bonds(pulled, tmp_path / "b.csv", mix="Zr-Cu=13")
    with pytest.raises(TooFewBonds, match="type Zr-Zr, and only 0 exist"):
        load_tree(pulled, mix="Zr-Zr=1")
    assert not list(tmp_path.glob("b.csv*"))


@pytest.mark.parametrize(
    "mix",
    ["", "Zr-Cu", "Zr-Cu=0", "Zr-Cu=-1", "ZrCu=5", "Zr-Xx=5", "Zr-Cu=1,Cu-Zr=2", "Zr-Cu=1,",
     "*:Zr-Cu=1,Zr-Cu=2", "*:Zr-Cu=1,Zr2Cu:Zr-Cu=2", "zr:Zr-Cu=2", ":Zr-Cu=2"],
)  # fmt: skip
def test_invalid_mixes_are_refused(mix: str) -> None:
    with pytest.raises(
        InvalidRequest, match=r"of the mix overlap|is not a bond type with a number"
    ):
        parse_mix(mix)


def test_a_mix_draws_from_each_composition_like_the_sets_of_the_paper(
    pulled: Path, tmp_path: Path
) -> None:
    for id_run in ("3", "4"):
        write_sub_run(pulled / "data" / "Cu2Zr2Al" / id_run / "0", nc="Cu2Zr2Al")
    write_lock(pulled)
    table = load_tree(pulled, mix="*:Cu-Zr=4,Zr2Cu2Al:Cu-Al=5,Cu2Zr2Al:Cu-Al=1", seed=1)
    rows = zip(table["nc"].to_pylist(), table["bond_type"].to_pylist(), strict=True)
    assert Counter(rows) == {
        (NC, "Zr-Cu"): 4, ("Cu2Zr2Al", "Zr-Cu"): 4, (NC, "Cu-Al"): 5, ("Cu2Zr2Al", "Cu-Al"): 1
    }  # fmt: skip
    assert table.schema.metadata[b"mix"] == b"*:Zr-Cu=4,Zr2Cu2Al:Cu-Al=5,Cu2Zr2Al:Cu-Al=1"
    with pytest.raises(TooFewBonds, match="5 bonds of type Zr-Cu of Cu2Zr2Al, and only 4 exist"):
        load_tree(pulled, mix="*:Zr-Cu=5")


def test_a_draw_from_many_bonds_is_that_of_the_sorted_digests() -> None:
    folder = SubRunFolder(NC, 1, 0, Path())
    bonds = [
        Bond("Zr1", f"Cu{number}", 1, number, 2.5, (0, 0, 0), 1.0) for number in range(2, 30_000)
    ]
    drawn = draw_bonds("Zr-Cu=700", 5, [NC], ((folder, bond) for bond in bonds))
    keys = (build_key(folder, bond) for bond in bonds)
    ordered = sorted(keys, key=lambda key: hashlib.sha256(f"5 {key}".encode()).digest())
    assert drawn.keys == set(ordered[:700])


def test_a_download_has_no_dataset(tmp_path: Path) -> None:
    write_sub_run(tmp_path / "data" / NC / "1" / "0")
    metadata = load_tree(tmp_path / "data").schema.metadata
    assert not [name for name in metadata if name.startswith(b"dataset")]
