"""What freezes rely on: the versions of datasets and the freezes in the run table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.aws.dataset_repository import DynamoDatasetRepository
from chalicelib.adapters.aws.freeze_repository import DynamoFreezeRepository
from chalicelib.adapters.aws.stored_datasets import (
    decode_advisory,
    decode_version,
    encode_advisory,
    encode_version,
)
from chalicelib.domain.datasets import (
    Advisory,
    AdvisoryKind,
    DatasetDescription,
    DatasetVersion,
    Deletion,
    VersionNumber,
)
from chalicelib.domain.freezes import Freeze, FreezeRequest, SelectedRun
from chalicelib.domain.runs import RunKey
from chalicelib.domain.selection import Profile
from tests.conftest import Aws

NOW = datetime(2026, 11, 29, 10, 0, 0, 123456, tzinfo=UTC)
VERSION = DatasetVersion(
    name="cuzr",
    sequence=1,
    number=VersionNumber(1, 0, 0),
    description=DatasetDescription("Cu-Zr", None, "CC-BY-4.0", ("Á. Author",), None, True, "soap"),
    content_id="a" * 64,
    created_at=NOW,
    profile=Profile.ESSENTIAL,
    compositions=("Cu2", "Zr2"),
    runs=2,
    sub_runs=30,
    files=180,
    size_bytes=10**12,
    archive_bytes=10**11,
    documents="datasets/cuzr/1.0.0/abc/",
)
ADVISORY = Advisory(AdvisoryKind.WITHDRAWN, "wrong cutoff", ("Zr2/1/0",), "1.0.1", NOW)
REQUEST = FreezeRequest(
    "cuzr",
    "Cu-Zr",
    None,
    (SelectedRun(RunKey.parse("Zr2", "1"), (0, 3)), SelectedRun(RunKey.parse("Zr2", "2"), None)),
    Profile.FULL,
    creators=("Á. Author",),
)


@pytest.fixture
def versions(aws: Aws, table: str) -> DynamoDatasetRepository:
    return DynamoDatasetRepository(aws.dynamodb, table)


@pytest.fixture
def freezes(aws: Aws, table: str) -> DynamoFreezeRepository:
    return DynamoFreezeRepository(aws.dynamodb, table)


def test_a_version_is_read_as_it_was_added(versions: DynamoDatasetRepository) -> None:
    assert versions.add(VERSION)
    assert list(versions.list_versions("cuzr")) == [VERSION]
    assert versions.add(VERSION)  # a repeated write, after a lost response


def test_only_one_version_has_a_sequence(versions: DynamoDatasetRepository) -> None:
    versions.add(VERSION)
    assert not versions.add(replace(VERSION, content_id="b" * 64))
    assert list(versions.list_versions()) == [VERSION]


def test_versions_are_listed_by_name_and_sequence(versions: DynamoDatasetRepository) -> None:
    added = [
        replace(VERSION, name=name, sequence=sequence)
        for name, sequence in (("a", 1), ("a-b", 1), ("ab", 1), ("a", 10), ("a", 2))
    ]
    for version in added:
        versions.add(version)
    order = [(each.name, each.sequence) for each in versions.list_versions()]
    assert sorted(order) == sorted((each.name, each.sequence) for each in added)
    assert [sequence for name, sequence in order if name == "a"] == [1, 2, 10]
    names = list(dict.fromkeys(name for name, _ in order))
    assert [each.sequence for each in versions.list_versions("a")] == [1, 2, 10]
    for number, name in enumerate(names):
        after = dict.fromkeys(each.name for each in versions.list_versions(after=name))
        assert list(after) == names[number + 1 :]


def test_an_equal_advisory_is_added_once(versions: DynamoDatasetRepository) -> None:
    versions.add(VERSION)
    later = replace(ADVISORY, created_at=NOW + timedelta(seconds=1))
    assert versions.add_advisory(VERSION, ADVISORY)
    assert versions.add_advisory(VERSION, ADVISORY)  # a repeated write
    assert not versions.add_advisory(VERSION, later)
    assert versions.add_advisory(VERSION, replace(later, reason="other"))
    [found] = versions.list_versions("cuzr")
    assert [each.reason for each in found.advisories] == ["wrong cutoff", "other"]
    assert found.advisories[0] == ADVISORY


def test_changes_of_a_version_that_does_not_exist_create_none(
    versions: DynamoDatasetRepository,
) -> None:
    assert not versions.add_advisory(VERSION, ADVISORY)
    assert not versions.set_doi(VERSION, "10.1/x")
    assert not versions.delete(VERSION, Deletion("r", NOW))
    assert list(versions.list_versions()) == []


def test_a_doi_is_recorded_once_and_prevents_deletion(versions: DynamoDatasetRepository) -> None:
    versions.add(VERSION)
    assert versions.set_doi(VERSION, "10.1/x")
    assert versions.set_doi(VERSION, "10.1/x")
    assert not versions.set_doi(VERSION, "10.1/y")
    assert not versions.delete(VERSION, Deletion("r", NOW))
    assert list(versions.list_versions()) == [replace(VERSION, doi="10.1/x")]


def test_a_tombstone_stays_and_prevents_a_doi(versions: DynamoDatasetRepository) -> None:
    versions.add(VERSION)
    assert versions.delete(VERSION, Deletion("first", NOW))
    assert versions.delete(VERSION, Deletion("second", NOW + timedelta(days=1)))
    assert not versions.set_doi(VERSION, "10.1/x")
    assert list(versions.list_versions()) == [replace(VERSION, deletion=Deletion("first", NOW))]


@pytest.mark.parametrize(
    "query", [REQUEST, replace(REQUEST, items=None, where={"labels_complete": True, "nc": "Zr2"})]
)
def test_a_freeze_is_read_as_it_was_added(
    freezes: DynamoFreezeRepository, query: FreezeRequest
) -> None:
    freeze = Freeze(query.get_id(None), query, NOW)
    assert freezes.get(freeze.freeze_id) is None
    freezes.add(freeze)
    freezes.add(replace(freeze, created_at=NOW + timedelta(days=1)))
    assert freezes.get(freeze.freeze_id) == freeze
    freezes.set_progress(freeze.freeze_id, 3, 5)
    freezes.finish(freeze.freeze_id, "1.0.0", created=True)
    ended = replace(freeze, runs_done=3, runs_total=5, version="1.0.0", created=True)
    assert freezes.get(freeze.freeze_id) == ended
    freezes.finish(freeze.freeze_id, "2.0.0", created=True)  # a builder that was suspended
    freezes.fail(freeze.freeze_id, "source_changed", "too late")
    assert freezes.get(freeze.freeze_id) == ended
    freezes.remove(freeze.freeze_id)
    assert freezes.get(freeze.freeze_id) is None


def test_progress_of_a_removed_freeze_creates_none(freezes: DynamoFreezeRepository) -> None:
    freezes.set_progress("f", 1, 2)
    freezes.fail("f", "conflict", "message")
    assert freezes.get("f") is None


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x"},
        {"items": None, "where": {}},
        {"profile": Profile.ESSENTIAL},
        {"creators": None},
        {"allow_missing": True},
    ],
)
def test_different_requests_have_different_ids(change: dict[str, Any]) -> None:
    other = replace(REQUEST, **change)
    assert FreezeRequest.from_json(other.to_json()) == other
    assert other.get_id(None) != REQUEST.get_id(None)
    assert other.get_id("key") == REQUEST.get_id("key") != REQUEST.get_id("other")


def test_versions_are_stored_in_this_form() -> None:
    """Versions are kept for decades: a renamed field would lose them."""
    version = (
        '{"name":"cuzr","sequence":1,"number":[1,0,0],"description":{"title":"Cu-Zr",'
        '"description":null,"license":"CC-BY-4.0","creators":["Á. Author"],"citation":null,'
        '"synthetic":true,"soap_descriptor":"soap"},"content_id":"' + "a" * 64 + '",'
        '"created_at":"2026-11-29T10:00:00.123456Z","profile":"essential",'
        '"compositions":["Cu2","Zr2"],"runs":2,"sub_runs":30,"files":180,'
        '"size_bytes":1000000000000,"archive_bytes":100000000000,'
        '"documents":"datasets/cuzr/1.0.0/abc/"}'
    )
    assert decode_version(version) == VERSION
    assert encode_version(VERSION) == version
    advisory = (
        '{"kind":"withdrawn","reason":"wrong cutoff","sub_runs":["Zr2/1/0"],'
        '"superseded_by":"1.0.1","created_at":"2026-11-29T10:00:00.123456Z"}'
    )
    assert decode_advisory(advisory) == ADVISORY
    assert encode_advisory(ADVISORY) == advisory
