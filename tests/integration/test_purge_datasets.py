"""`dataops-admin purge-datasets` deletes what no version needs, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.aws.clients import Clients
from chalicelib.adapters.aws.dataset_repository import DynamoDatasetRepository
from chalicelib.adapters.aws.object_calls import Listing, StoredObject
from chalicelib.adapters.aws.object_store import ObjectStore
from chalicelib.adapters.aws.stored_documents import S3StoredDocuments
from chalicelib.domain.errors import InvalidInput
from chalicelib.settings import Settings
from localdev.paths import ROOT
from server.dataset_orphans import Objects, purge
from tests.conftest import Aws
from tests.support.api import Api
from tests.support.frozen_data import (
    Store,
    create,
    request,
    schedule,
    store_sub_run,
    verify_version,
)
from tests.support.stores import intercept_calls

Purge = Callable[..., bool]
LATER = timedelta(days=8)
BOTH = [{"nc": "Al2", "id_run": "1"}, {"nc": "Al2", "id_run": "2"}]


class ForwardingObjects:
    """The objects of a bucket; tests change what they return or do."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def list(self, prefix: str) -> Listing:
        return self._objects.list(prefix)

    def head(self, key: str) -> StoredObject | None:
        return self._objects.head(key)

    def delete(self, key: str) -> None:
        self._objects.delete(key)


@pytest.fixture
def glass(api: Api, store: Store) -> Api:
    """Return the API with two scheduled runs."""
    for id_run in (1, 2):
        store_sub_run(store, id_run, 0)
    schedule(api, runs=2, sub_runs=())
    return api


@pytest.fixture
def clients(environment: dict[str, str]) -> Clients:
    return Clients.connect(Settings.from_mapping(environment))


@pytest.fixture
def purge_all(clients: Clients, environment: dict[str, str]) -> Purge:
    """Return a function that purges what was stored before a time, by default until now."""

    def run(
        objects: Objects | None = None, *, delete: bool = True, before: datetime | None = None
    ) -> bool:
        return purge(
            objects or clients.objects,
            S3StoredDocuments(clients.objects),
            DynamoDatasetRepository(clients.dynamodb, environment["RUN_TABLE"]),
            before or datetime.now(UTC) + LATER,
            delete=delete,
        )

    return run


@pytest.fixture
def keys(aws: Aws, bucket: str) -> Callable[[], set[str]]:
    """Return a function that lists the keys below `datasets/`."""

    def list_keys() -> set[str]:
        page = aws.s3.list_objects_v2(Bucket=bucket, Prefix="datasets/")
        return {stored["Key"] for stored in page.get("Contents", [])}

    return list_keys


def test_what_a_deleted_version_alone_needed_is_deleted(
    glass: Api, purge_all: Purge, keys: Callable[[], set[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    kept = create(glass, request(name="kept", items=BOTH[:1]))
    before = keys()
    create(glass, request(name="archives", items=BOTH))
    assert glass.call("DELETE", "/v1/datasets/archives/1.0.0?reason=wrong").status_code == 200
    everything = keys()

    assert purge_all(delete=False)
    assert keys() == everything
    assert purge_all()
    # One write of the record per freeze: the archive of run 1 is the same object as before.
    assert keys() == before
    out = capsys.readouterr().out.splitlines()
    assert [line.partition(" (")[0] for line in out] == [
        "archives that no version needs: 1",
        "documents that no version needs: 1",
    ] * 2 + ["deleted: 2 of 2"]
    verify_version(glass, kept)
    deleted = json.loads(glass.call("GET", "/v1/datasets/archives/1.0.0").body)
    assert (deleted["code"], deleted["reason"]) == ("dataset_deleted", "wrong")


def test_recent_objects_and_recently_deleted_versions_are_kept(
    glass: Api, purge_all: Purge, keys: Callable[[], set[str]], store: Store
) -> None:
    create(glass, request(items=BOTH))
    glass.call("DELETE", "/v1/datasets/glass/1.0.0?reason=wrong")
    store(f"datasets/archives/Al2/9/{'f' * 64}.zip")
    everything = keys()
    assert purge_all(before=datetime.now(UTC) - timedelta(days=1))
    assert keys() == everything


def test_documents_of_another_table_are_no_orphans(
    purge_all: Purge, keys: Callable[[], set[str]], store: Store
) -> None:
    store("datasets/a/1.0.0/0123/manifest-sha256.txt")
    store(f"datasets/archives/Al2/9/{'f' * 64}.zip")
    with pytest.raises(InvalidInput, match="documents of 1 versions, and the run table has none"):
        purge_all()
    assert len(keys()) == 2


def test_what_freezes_do_not_store_is_kept(
    glass: Api, purge_all: Purge, keys: Callable[[], set[str]], store: Store
) -> None:
    create(glass, request(items=BOTH))
    before = keys()
    others = {"datasets/notes.txt", "datasets/archives/Al2/9/notes.zip", "datasets/a/notes.txt"}
    for key in (*others, "datasets/a/1.0.0/0123/manifest-sha256.txt"):
        store(key)
    for suffix in (".zip", ".json", ".bonds.json"):
        store(f"datasets/archives/Al2/9/{'f' * 64}{suffix}")
    assert purge_all()
    assert keys() == others | before


def test_an_archive_that_a_freeze_stores_again_is_kept(
    glass: Api, purge_all: Purge, clients: Clients, keys: Callable[[], set[str]], store: Store
) -> None:
    orphan = f"datasets/archives/Al2/9/{'f' * 64}"
    for suffix in (".zip", ".json"):
        store(orphan + suffix)

    class StoredAgain(ForwardingObjects):
        def head(self, key: str) -> StoredObject | None:
            found = super().head(key)
            return found and found._replace(modified_at=datetime.now(UTC) + 2 * LATER)

    assert purge_all(StoredAgain(clients.objects))
    assert keys() == {orphan + ".zip", orphan + ".json"}


def test_a_freeze_stores_the_records_of_archives_that_it_uses_again(
    glass: Api, purge_all: Purge
) -> None:
    create(glass, request(items=BOTH))
    records: list[str] = []

    def note(_: Any, name: str, arguments: Any) -> None:
        key = str(arguments.get("Key"))
        if name == "PutObject" and key.startswith("datasets/archives/"):
            records.append(key)

    with pytest.MonkeyPatch.context() as patch:
        intercept_calls(patch, note)
        create(glass, request(name="again", items=BOTH))
    assert len(records) == 2
    assert all(key.endswith(".json") and ".bonds" not in key for key in records)


def test_a_version_that_lost_an_archive_meanwhile_is_reported(
    glass: Api, purge_all: Purge, clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    create(glass, request(items=BOTH[:1]))
    glass.call("DELETE", "/v1/datasets/glass/1.0.0?reason=wrong")

    class CommittedMeanwhile(ForwardingObjects):
        def delete(self, key: str) -> None:
            if key.startswith("datasets/archives/") and key.endswith(".zip"):
                create(glass, request(name="meanwhile", items=BOTH[:1]))
            super().delete(key)

    assert not purge_all(CommittedMeanwhile(clients.objects))
    assert "a version committed meanwhile needs it; restore it" in capsys.readouterr().err


def test_the_command_keeps_what_is_younger_than_a_week(
    glass: Api, environment: dict[str, str], store: Store, keys: Callable[[], set[str]]
) -> None:
    store(f"datasets/archives/Al2/9/{'f' * 64}.zip")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "server.admin", "purge-datasets", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("--delete")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "archives that no version needs: 0 (0 bytes)",
        "documents that no version needs: 0 (0 bytes)",
        "deleted: 0 of 0",
    ]
    assert len(keys()) == 1
    assert run("--older-than-days", "0").returncode == 2
    del environment["DATA_BUCKET"]
    assert "--stack or --bucket (or DATA_BUCKET) is required" in run().stderr
