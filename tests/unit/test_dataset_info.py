"""The description of the data set: what is accepted, how often it is read, and where it shows."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from chalicelib.domain.artifacts import get_files_prefix
from chalicelib.domain.dataset_info import DatasetInfo
from chalicelib.domain.errors import InvalidInput, Unavailable
from chalicelib.domain.manifest import Manifest
from chalicelib.domain.ro_crate import build_ro_crate
from chalicelib.domain.runs import SubRunKey
from chalicelib.domain.selection import Selection
from chalicelib.domain.soap import PUBLISHED
from chalicelib.usecases.dataset_info import LIFETIME, DatasetInfoReader
from tests.support.fakes import FakeClock, FakeDataBucket

KEY = SubRunKey.parse("Zr49Cu49Al2", "21", "0")
FULL: dict[str, Any] = {
    "name": "Glasses",
    "description": "Bonds",
    "license": "CC-BY-4.0",
    "creators": ["A. Author", "B. Author"],
    "citation": "10.1103/PhysRevMaterials.4.113603",
    "synthetic": True,
    "soap_descriptor": "soap cutoff=4 l_max=3 n_max=4",
    "later_field": 1,
}


class Bucket(FakeDataBucket):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.failing = False

    def read_dataset_info(self) -> DatasetInfo | None:
        self.reads += 1
        if self.failing:
            raise Unavailable("the data bucket does not respond")
        return super().read_dataset_info()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def infos(bucket: Bucket, clock: FakeClock) -> DatasetInfoReader:
    return DatasetInfoReader(bucket, clock, PUBLISHED)


def manifest(info: DatasetInfo) -> Manifest:
    bucket = FakeDataBucket()
    bucket.put(get_files_prefix(KEY) + "a", b"a")
    return Manifest.of_sub_run(KEY, bucket.list_artifacts(KEY), Selection(), info)


def entities(info: DatasetInfo) -> dict[str, dict[str, Any]]:
    return {
        entity["@id"]: entity for entity in json.loads(build_ro_crate(manifest(info), ()))["@graph"]
    }


def test_all_fields_are_read_and_unknown_ones_ignored() -> None:
    info = DatasetInfo.parse(json.dumps(FULL).encode())
    assert (info.name, info.description, info.license, info.creators) == (
        "Glasses",
        "Bonds",
        "CC-BY-4.0",
        ("A. Author", "B. Author"),
    )
    assert (info.citation, info.synthetic) == ("10.1103/PhysRevMaterials.4.113603", True)
    assert info.soap
    assert info.soap.parameters["cutoff"] == "4"


def test_every_field_may_be_missing_or_null() -> None:
    assert (
        DatasetInfo.parse(b"{}")
        == DatasetInfo.parse(json.dumps(dict.fromkeys(FULL)).encode())
        == DatasetInfo()
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b'{"name": "\\ud800"}', "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"name": 1}', "'name' is 1; expected str"),
        (b'{"synthetic": "yes"}', "'synthetic' is 'yes'; expected bool"),
        (b'{"synthetic": 1}', "'synthetic' is 1; expected bool"),
        (b'{"creators": "A"}', "'creators' is 'A'; expected list"),
        (b'{"creators": [1]}', "expected a list of names"),
        (b'{"soap_descriptor": "x"}', "'soap_descriptor'"),
        (b" " * 65_537, "more than 65536 bytes"),
    ],
)
def test_a_broken_description_is_refused_with_its_reason(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        DatasetInfo.parse(content)


def test_it_is_read_once_a_minute(
    infos: DatasetInfoReader, bucket: Bucket, clock: FakeClock
) -> None:
    assert infos.get() == infos.get() == DatasetInfo(soap=PUBLISHED)
    bucket.put("dataset.json", json.dumps(FULL).encode())
    assert infos.get().name is None
    assert bucket.reads == 1
    clock.advance(LIFETIME.total_seconds())
    assert infos.prefetch()().name == "Glasses"
    assert infos.prefetch()().soap == DatasetInfo.parse(json.dumps(FULL).encode()).soap
    assert bucket.reads == 2


def test_a_broken_description_stops_no_download_and_is_logged(
    infos: DatasetInfoReader, bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.put("dataset.json", b"{")
    with caplog.at_level(logging.WARNING):
        assert infos.get() == DatasetInfo(soap=PUBLISHED)
    assert "dataset.json is not JSON" in caplog.text
    with pytest.raises(Unavailable, match=r"dataset\.json is not JSON"):
        infos.get_valid()


def test_a_failing_store_keeps_the_previous_description(
    infos: DatasetInfoReader, bucket: Bucket, clock: FakeClock
) -> None:
    bucket.failing = True
    with pytest.raises(Unavailable):
        infos.get()
    bucket.failing = False
    bucket.put("dataset.json", json.dumps(FULL).encode())
    assert infos.get().name == "Glasses"
    bucket.failing = True
    clock.advance(LIFETIME.total_seconds())
    assert infos.get().name == "Glasses"


def test_the_crate_has_licence_creators_citation_and_synthetic() -> None:
    graph = entities(DatasetInfo.parse(json.dumps(FULL).encode()))
    root = graph["./"]
    assert graph[root["license"]["@id"]]["name"] == "CC-BY-4.0"
    assert [graph[entry["@id"]]["name"] for entry in root["creator"]] == ["A. Author", "B. Author"]
    assert root["author"] == root["creator"]
    assert root["citation"] == {"@id": "https://doi.org/10.1103/PhysRevMaterials.4.113603"}
    assert graph["#synthetic"]["value"] == "true"
    assert "synthetic data" in root["description"]
    assert root["description"].endswith("Data set: Glasses: Bonds")


def test_without_a_description_the_crate_invents_nothing() -> None:
    root = entities(DatasetInfo())["./"]
    assert not {"author", "creator", "citation"} & root.keys()
    assert "#synthetic" not in entities(DatasetInfo())
    assert "#synthetic" not in entities(DatasetInfo(synthetic=False))


@pytest.mark.parametrize(
    "field", ["name", "description", "license", "creators", "citation", "synthetic"]
)
def test_each_field_that_the_crate_contains_changes_the_fingerprint(field: str) -> None:
    info = DatasetInfo.parse(json.dumps({field: FULL[field]}).encode())
    assert manifest(info).fingerprint != manifest(DatasetInfo()).fingerprint
