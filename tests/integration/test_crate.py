"""The metadata in an archive, read by the reference implementation of RO-Crate."""

from __future__ import annotations

import hashlib
import io
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from rocrate.rocrate import ROCrate

from tests.support.api import Api

Store = Callable[..., None]


@pytest.mark.parametrize("path", ["21/1/download", "21/download"], ids=["sub-run", "run"])
def test_the_reference_implementation_reads_every_file_with_its_hash(
    api: Api, store: Store, tmp_path: Path, path: str
) -> None:
    for sub_run in (0, 1):
        store(
            f"Zr49Cu49Al2/c/md/lammps/100/21/2000/{sub_run}/Zr49Cu49Al2.scf.in",
            b"input %d" % sub_run,
        )
        store(f"Zr49Cu49Al2/c/md/lammps/100/21/2000/{sub_run}/odd name (1).txt", b"x")
    api.post("/v1/generate/Zr49Cu49Al2")
    api.post("/v1/generate/Zr49Cu49Al2/21/augment", {"sub_runs": ["1"]})
    with urllib.request.urlopen(
        api.get(f"/v1/generate/Zr49Cu49Al2/{path}")["download_url"]
    ) as response:
        zipfile.ZipFile(io.BytesIO(response.read())).extractall(tmp_path)
    crate = ROCrate(tmp_path)
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.2"
    on_disk = {
        file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()
    }
    described = [entity for entity in crate.get_entities() if entity.type == "File"]
    assert {unquote(entity.id) for entity in described} == on_disk - {"ro-crate-metadata.json"}
    for entity in described:
        content = (tmp_path / unquote(entity.id)).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))
    assert crate.root_dataset["datePublished"]
    assert crate.root_dataset["license"]
