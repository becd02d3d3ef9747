"""Single files, bonds and descriptions of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from dataops_client import (
    DataOpsClient,
    InvalidRequest,
    NotFound,
    TransferFailed,
    UnexpectedResponse,
)

from tests.support.raw_server import (
    RawServer,
    Request,
    build_json_response,
    build_response,
    raw_server,
)

CONTENT = b"COHP" * 100_000
BOND = {
    "atom_a": 1, "atom_b": 2, "label_a": "Zr1", "label_b": "Cu2", "bond_type": "Zr-Cu",
    "distance": 2.7, "translation": [0, 0, -1], "icohp": 1,
}  # fmt: skip
BONDS = {
    "nc": "Al2", "id_run": "21", "sub_run": "0", "total": 2, "bonds": [BOND],
    "bond_types": [{"bond_type": "Zr-Cu", "bonds": 2, "mean_distance": 2.7, "mean_icohp": 1.0}],
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(lambda request: build_response(b"{}")) as running:
        yield running


@pytest.fixture
def client(server: RawServer) -> Iterator[DataOpsClient]:
    with DataOpsClient(server.url) as made:
        yield made


def serve_file(
    server: RawServer, *responses: bytes, size_bytes: int = len(CONTENT)
) -> Callable[[Request], bytes]:
    """Serve a link to a file, and these responses of the store in turn."""
    remaining = iter(responses)

    def respond(request: Request) -> bytes:
        if request.target.startswith("/store"):
            return next(remaining)
        link = {"download_url": f"{server.url}/store/a", "size_bytes": size_bytes}
        return build_json_response(link)

    return respond


def test_a_file_is_written_with_its_name_or_another(
    server: RawServer, client: DataOpsClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for path, written in ((None, "a b.out"), ("folder", "folder/a b.out"), ("c.out", "c.out")):
        server.respond = serve_file(server, build_response(CONTENT))
        assert client.file("Al2", 21, 0, "a b.out", path) == Path(written)
        assert Path(written).read_bytes() == CONTENT
    assert server.requests[0].target == "/v1/generate/Al2/21/0/files/a%20b.out"
    assert not list(tmp_path.rglob(".*"))


def test_a_truncated_file_is_fetched_again(
    server: RawServer, client: DataOpsClient, tmp_path: Path
) -> None:
    whole = build_response(CONTENT)
    server.respond = serve_file(server, whole[:-9], whole)
    assert client.file("Al2", 21, 0, "a", tmp_path / "a").read_bytes() == CONTENT


def test_a_file_of_another_size_is_not_kept(
    server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataops_client.file_operations.time.sleep", lambda seconds: None)
    server.respond = serve_file(server, *[build_response(CONTENT)] * 9, size_bytes=3)
    with (
        DataOpsClient(server.url) as client,
        pytest.raises(TransferFailed, match=r"download of 'a' failed: received .*; expected 3"),
    ):
        client.file("Al2", 21, 0, "a", tmp_path / "a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../a", "a/b", "aux", ".."])
def test_a_name_that_is_not_portable_requires_a_path(client: DataOpsClient, name: str) -> None:
    with pytest.raises(InvalidRequest, match="is not portable"):
        client.file("Al2", 21, 0, name)


def test_bonds_of_all_pages_are_returned(server: RawServer, client: DataOpsClient) -> None:
    def respond(request: Request) -> bytes:
        if "cursor" in request.target:
            return build_json_response(BONDS)
        return build_json_response(BONDS, Link='<?limit=1000&cursor=x>; rel="next"')

    server.respond = respond
    bonds = client.bonds("Al2", 21, 0)
    assert len(bonds.bonds) == 2
    assert (bonds.bonds[0].distance_angstrom, bonds.bonds[0].minus_icohp_ev) == (2.7, 1.0)
    assert bonds.bonds[0].translation == (0, 0, -1)
    assert bonds.bond_types[0].mean_distance_angstrom == 2.7


@pytest.mark.parametrize(
    "change",
    [{"translation": [0, 0]}, {"translation": [0, 0, "1"]}, {"icohp": None}, {"distance": True},
     {"distance": 1e999}, {"atom_a": "1"}],
)  # fmt: skip
def test_malformed_bonds_raise_unexpected_response(
    server: RawServer, client: DataOpsClient, change: dict[str, Any]
) -> None:
    server.respond = lambda request: build_json_response(BONDS | {"bonds": [BOND | change]})
    with pytest.raises(UnexpectedResponse):
        client.bonds("Al2", 21, 0)


def test_the_service_and_its_data_are_described(server: RawServer, client: DataOpsClient) -> None:
    bodies = {
        "/v1/whoami": {"auth": "token", "name": "ada", "scopes": ["read"], "expires_at": None},
        "/v1/dataset-info": {"name": "Glasses", "creators": ["A", "B"], "synthetic": True},
        "/openapi.json": {"info": {"version": "1.2.3"}},
    }
    server.respond = lambda request: build_json_response(bodies[request.target])
    identity, info = client.whoami(), client.dataset_info()
    assert (identity.name, identity.scopes, identity.expires_at) == ("ada", ("read",), None)
    assert (info.creators, info.synthetic, info.license) == (("A", "B"), True, None)
    assert client.api_version() == "1.2.3"


def test_an_api_without_whoami_raises_not_found(server: RawServer, client: DataOpsClient) -> None:
    server.respond = lambda request: build_json_response({"detail": "x"}, "404 Not Found")
    with pytest.raises(NotFound):
        client.whoami()


def get_queries(server: RawServer) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(request.target).query) for request in server.requests]


def test_a_selection_of_files_is_requested(server: RawServer, client: DataOpsClient) -> None:
    server.respond = lambda request: build_json_response({"detail": "x"}, "404 Not Found")
    with pytest.raises(NotFound):
        client.link("Al2", 21, include=["*.vec", "*.xyz"], sub_runs=[0, 3])
    with pytest.raises(NotFound):
        client.manifest("Al2", 21, 0, profile="essential", include="*.vec")
    assert get_queries(server) == [
        {"profile": ["full"], "include": ["*.vec", "*.xyz"], "sub_runs": ["0,3"]},
        {"profile": ["essential"], "include": ["*.vec"]},
    ]
    with pytest.raises(InvalidRequest, match="leave `sub_run` out"):
        client.link("Al2", 21, 0, sub_runs=[1])


def test_one_request_schedules_one_run_or_several(server: RawServer, client: DataOpsClient) -> None:
    run = {"nc": "Al2", "id_run": "1", "status": "SCHEDULED"}
    server.respond = lambda request: build_json_response(run)
    assert [each.id_run for each in client.generate("Al2", idempotency_key="k").runs] == ["1"]
    assert server.requests[0].headers["idempotency-key"] == "k"
    runs = [run, run | {"id_run": "2"}]
    server.respond = lambda request: build_json_response(run | {"runs": runs})
    scheduled = client.generate("Al2", count=2)
    assert (scheduled.id_run, [each.id_run for each in scheduled.runs]) == ("1", ["1", "2"])
    assert repr(scheduled) == "ScheduledRuns(Al2, runs 1-2, SCHEDULED)"
    assert len(server.requests) == 2


def test_summaries_of_all_pages_are_added(server: RawServer, client: DataOpsClient) -> None:
    one = {"nc": "Al2", "runs": 1, "sub_runs": 2, "outcomes": {"DONE": 1}, "unread": 1, "bonds": 7,
           "min_total_energy_ry": -12.5, "max_total_energy_ry": -12.5}  # fmt: skip
    two = one | {"outcomes": {"DONE": 1, "NO_DATA": 1}, "unread": 0, "min_total_energy_ry": None}

    def respond(request: Request) -> bytes:
        if "cursor" in request.target:
            return build_json_response({"compositions": [two, two | {"nc": "Cu"}]})
        link = '<?limit=1000&cursor=x>; rel="next"'
        return build_json_response({"compositions": [one]}, Link=link)

    server.respond = respond
    found = client.summary()
    assert list(found) == ["Al2", "Cu"]
    total = found["Al2"]
    assert (total.runs, total.sub_runs, total.unread, total.bonds) == (2, 4, 1, 14)
    assert total.outcomes == {"DONE": 2, "NO_DATA": 1}
    assert (total.min_total_energy_ry, total.max_total_energy_ry) == (-12.5, -12.5)
