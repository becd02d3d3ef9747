"""`load_dataset`, against an API with one frozen dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from dataops_client import DataOpsClient, NotFound, Unavailable
from dataops_client.ml import load_dataset, load_tree

from tests.support.fake_datasets import FakeDatasets
from tests.support.raw_server import RawServer, raw_server
from tests.support.sub_run_files import NC, write_sub_run

REFERENCE = "glasses@1.0.0"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """Serve `glasses@1.0.0` with two sub-runs, at the configured URL."""
    for sub_run in ("0", "1"):
        write_sub_run(tmp_path / "source" / "data" / NC / "1" / sub_run)
    source = tmp_path / "source"
    payload = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file()
    }
    fake = FakeDatasets(payload)
    rows = [{"nc": NC, "id_run": "1", "sub_run": sub_run} for sub_run in ("0", "1")]
    fake.selection = json.dumps({"sub_runs": rows, "license": "CC-BY-4.0"}).encode()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    with raw_server(fake.respond) as running:
        fake.url = running.url
        monkeypatch.setenv("DATAOPS_URL", running.url)
        yield running


def find_folder(server: RawServer, tmp_path: Path) -> Path:
    host = server.url.removeprefix("http://").replace(":", "-")
    return tmp_path / "cache" / "dataops" / host / "glasses" / "1.0.0"


def test_a_dataset_is_pulled_once_and_then_read_without_a_request(
    server: RawServer, tmp_path: Path
) -> None:
    table = load_dataset(REFERENCE, soaps=True)
    assert (table.num_rows, table.schema.metadata[b"dataset"]) == (10, REFERENCE.encode())
    server.requests.clear()
    assert load_dataset(REFERENCE, soaps=True).equals(table, check_metadata=True)
    assert server.requests == []
    assert load_tree(find_folder(server, tmp_path), soaps=True).equals(table)
    assert load_dataset("glasses", mix="Zr-Cu=3", seed=1).num_rows == 3
    assert [request.target for request in server.requests] == ["/v1/datasets/glasses/latest"]


def test_a_damaged_file_of_the_cache_is_restored(server: RawServer, tmp_path: Path) -> None:
    table = load_dataset(REFERENCE)
    damaged = find_folder(server, tmp_path) / "data" / NC / "1" / "0" / "ICOHPLIST.lobster"
    damaged.write_text(damaged.read_text().replace("-0.9", "-9.9"))
    assert load_dataset(REFERENCE).equals(table)
    damaged.write_text("")
    with DataOpsClient("http://127.0.0.1:1") as client, pytest.raises(Unavailable):
        load_dataset(REFERENCE, client=client)


def test_a_cache_and_a_client_can_be_given(server: RawServer, tmp_path: Path) -> None:
    with DataOpsClient(server.url) as client:
        load_dataset(REFERENCE, cache=tmp_path / "mine", client=client)
        assert client.dataset(REFERENCE).name == "glasses"
        with pytest.raises(NotFound):
            load_dataset("other@1.0.0", client=client)
    assert list((tmp_path / "mine").rglob("dataops.lock"))
    assert not (tmp_path / "cache").exists()
