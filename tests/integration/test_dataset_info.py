"""The description of the data set over HTTP, and in the archives."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.provision import load_data
from tests.conftest import Aws
from tests.support.api import Api

Store = Callable[..., None]
FILE = "Al2/c/md/lammps/100/1/2000/0/Al2.scf.in"


def metadata(api: Api) -> dict[str, dict[str, Any]]:
    link = api.get("/v1/generate/Al2/1/0/download")
    with (
        urllib.request.urlopen(link["download_url"]) as response,
        zipfile.ZipFile(io.BytesIO(response.read())) as archive,
    ):
        return {
            entity["@id"]: entity
            for entity in json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
        }


def test_without_a_description_everything_but_the_descriptor_is_null(api: Api) -> None:
    info = api.get("/v1/dataset-info")
    assert info.pop("soap_descriptor").startswith("soap cutoff=3.75 l_max=6")
    assert info == dict.fromkeys(
        ["name", "description", "license", "creators", "citation", "synthetic"]
    )


def test_the_description_is_served_and_goes_into_archives(api: Api, store: Store) -> None:
    store(
        "dataset.json",
        b'{"name": "Sample", "license": "CC-BY-4.0", "creators": ["A"], "citation": "doi:10.1/x", "synthetic": true}',
    )
    store(FILE)
    info = api.get("/v1/dataset-info")
    assert (info["name"], info["license"], info["creators"], info["synthetic"]) == (
        "Sample",
        "CC-BY-4.0",
        ["A"],
        True,
    )
    api.post("/v1/generate/Al2")
    entities = metadata(api)
    assert entities["#synthetic"]["value"] == "true"
    assert entities["./"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}


def test_a_broken_description_is_503_and_stops_no_download(api: Api, store: Store) -> None:
    store("dataset.json", b"{")
    store(FILE)
    problem = api.problem("GET", "/v1/dataset-info")
    assert problem["status"] == 503
    assert "dataset.json is not JSON" in problem["detail"]
    api.post("/v1/generate/Al2")
    assert "creator" not in metadata(api)["./"]


def test_loading_data_takes_the_description_along(
    api: Api, aws: Aws, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "dataset.json").write_text('{"name": "Mine"}')
    assert load_data(aws.s3, bucket, tmp_path) == (1, 0)
    assert api.get("/v1/dataset-info")["name"] == "Mine"
    assert load_data(aws.s3, bucket, tmp_path) == (0, 1)
