"""Any response about datasets results in a value or an error of the client."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dataops_client import DataOpsClient, DataOpsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fake_datasets import VERSION_PATH, FakeDatasets
from tests.support.mutations import mutate
from tests.support.raw_server import RawServer, build_json_response, build_response, raw_server
from tests.support.transfer_helpers import SINGLE

VERSION = FakeDatasets().version | {
    "advisories": [
        {"kind": "deprecated", "reason": "x", "sub_runs": ["Al2/1/0"], "superseded_by": None,
         "created_at": "2026-01-01T00:00:00+00:00"}
    ]
}  # fmt: skip
DELETED = {
    "name": "glasses", "version": "0.9.0", "title": "T", "content_id": "a" * 64,
    "deleted_at": "2026-02-01T00:00:00+00:00", "reason": "x",
}  # fmt: skip
DIFF = {
    "change": "MAJOR", "files": {"added": 1, "removed": 0, "changed": 1, "unchanged": 10},
    "added": ["data/Al2/3/0/x"], "removed": [], "changed": [], "truncated": False,
    "documents": ["title"], "outcomes": [{"sub_run": "Al2/1/0", "before": "DONE", "after": None}],
    "bonds": [{"bond_type": "Zr-Cu", "bonds_before": 5, "bonds_after": 0,
               "mean_minus_icohp_ev_before": 0.71, "mean_minus_icohp_ev_after": None}],
}  # fmt: skip
FOUND = {
    "sub_runs": [{"nc": "Al2", "id_run": "1", "sub_run": "0", "deformation": "shear",
                  "outcome": "DONE", "total_energy_ry": -1.5, "bond_labels": 5,
                  "scheduled_at": "2026-01-01T00:00:00+00:00"}],
    "unindexed": 1,
}  # fmt: skip
CALLS: dict[str, tuple[Any, Callable[[DataOpsClient], Any]]] = {
    "find": (FOUND, lambda client: client.find()),
    "dataset": (VERSION, lambda client: client.dataset("glasses")),
    "create": (VERSION, lambda client: client.create_dataset("glasses", "T", where={})),
    "versions": (
        {"name": "glasses", "versions": [VERSION], "deleted": [DELETED]},
        lambda client: client.dataset_versions("glasses"),
    ),
    "datasets": (
        {"datasets": [{"name": "glasses", "versions": 1, "latest": VERSION}]},
        lambda client: client.datasets(),
    ),
    "diff": (DIFF, lambda client: client.diff_datasets("glasses@1.0.0", "glasses@2.0.0")),
    "delete": (DELETED, lambda client: client.delete_dataset("glasses@1.0.0", "x")),
}
FUZZ = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    max_examples=150,
)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(lambda request: build_response(b"{}")) as running:
        yield running


@pytest.fixture
def client(server: RawServer) -> Iterator[DataOpsClient]:
    with DataOpsClient(server.url, timeout_seconds=20, transfer_config=SINGLE) as made:
        yield made


@pytest.mark.parametrize("name", CALLS)
def test_a_response_that_follows_the_contract_is_accepted(
    server: RawServer, client: DataOpsClient, name: str
) -> None:
    good, call = CALLS[name]
    server.respond = lambda request: build_json_response(good)
    assert call(client)


@FUZZ
@given(data=st.data())
def test_a_mutated_response_gives_a_value_or_an_error_of_the_client(
    server: RawServer, client: DataOpsClient, data: st.DataObject
) -> None:
    good, call = CALLS[data.draw(st.sampled_from(sorted(CALLS)))]
    mutated = data.draw(mutate(good))
    status = data.draw(st.sampled_from(["200 OK", "201 Created", "404 Not Found", "410 Gone"]))
    server.respond = lambda request: build_response(json.dumps(mutated).encode(), status)
    try:
        call(client)
    except DataOpsError as error:
        assert str(error).isprintable()


@FUZZ
@given(data=st.data())
def test_a_pull_with_mutated_links_is_complete_or_an_error(
    server: RawServer, client: DataOpsClient, data: st.DataObject
) -> None:
    fake = FakeDatasets()
    fake.url, server.respond = server.url, fake.respond
    body = {"archives": fake.list_archives()}
    mutated = data.draw(mutate(body))
    fake.overrides[f"GET {VERSION_PATH}/download"] = lambda request: build_json_response(
        mutated, Date="Thu, 01 Jan 2026 00:00:00 GMT"
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            client.pull_dataset("glasses@1.0.0", folder)
        except DataOpsError as error:
            assert str(error).isprintable()
            assert not Path(folder, "dataops.lock").exists()
        outside = {path.name for path in Path(folder).iterdir()}
    assert outside <= {"data", "manifest-sha256.txt", "selection.json", "dataops.lock", ".dataops"}
