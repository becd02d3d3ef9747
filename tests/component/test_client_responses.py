"""Any response results in a value or an error of the client, in bounded time and memory."""

from __future__ import annotations

import gzip
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dataops_client import ArchiveLink, DataOpsClient, DataOpsError, UnexpectedResponse
from dataops_client.api import Api
from dataops_client.errors import Unavailable
from dataops_client.responses import MAX_BODY_BYTES, MAX_CONTAINERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.mutations import mutate
from tests.support.raw_server import (
    RawServer,
    Request,
    build_json_response,
    build_response,
    raw_server,
)
from tests.support.transfer_helpers import ATTEMPTS, SINGLE

LINK = {
    "nc": "Al2", "id_run": "1", "sub_run": "0", "archive_key": "archives/a.zip",
    "download_url": "http://127.0.0.1:9/a.zip",
    "expires_at": "2099-01-01T00:00:00+00:00", "size_bytes": 3, "sha256": "0" * 64,
    "filename": "a.zip", "profile": "full",
    "files": [{"name": "a", "size_bytes": 1, "sha256": "0" * 64, "role": "other"}], "missing": [],
    "cached": True,
    "skipped": [{"name": "aux.log", "reason": "a device on Windows"}],
}  # fmt: skip
OUTCOME = {
    "outcome": "DONE", "scf_converged": True, "scf_iterations": 61, "total_energy_ry": -4496.5,
    "lobster_finished": True,
    "bonds_expected": 738, "bond_labels": 738, "labels_complete": True,
}  # fmt: skip
RUN = {
    "id_run": "1",
    "sub_runs": ["0", "1"],
    "run_scheduled_at": "2026-01-01T00:00:00+00:00",
    "sub_runs_scheduled_at": None,
}
STATUS = RUN | {
    "nc": "Al2",
    "run_status": "DONE",
    "sub_runs_status": None,
    "sub_run_outcomes": {"0": OUTCOME},
}
MANIFEST = {
    "nc": "Al2", "id_run": "1", "sub_run": "0", "files": [{"name": "a", "size_bytes": 1,
    "role": "other", "etag": '"e"'}],
    "missing": ["b"], "skipped": [],
}  # fmt: skip

BONDS = {
    "nc": "Al2", "id_run": "1", "sub_run": "0", "total": 1,
    "bonds": [{"atom_a": 1, "atom_b": 2, "label_a": "Zr1", "label_b": "Cu2", "bond_type": "Zr-Cu",
    "distance": 2.7, "translation": [0, 0, 0], "icohp": 0.9}],
    "bond_types": [{"bond_type": "Zr-Cu", "bonds": 1, "mean_distance": 2.7, "mean_icohp": 0.9}],
}  # fmt: skip
IDENTITY = {"auth": "token", "name": "ada", "scopes": ["read"], "expires_at": None}
SUMMARY = {
    "compositions": [{"nc": "Al2", "runs": 1, "sub_runs": 2, "outcomes": {"DONE": 1}, "unread": 1,
    "bonds": 7, "min_total_energy_ry": -12.5, "max_total_energy_ry": None}],
    "next_cursor": None,
}  # fmt: skip
DATASET = {"name": "Glasses", "creators": ["A"], "synthetic": True}

Call = Callable[[DataOpsClient], object]
CALLS: dict[str, tuple[Any, Call]] = {
    "link": (LINK, lambda client: client.link("Al2", "1", "0")),
    "manifest": (MANIFEST, lambda client: client.manifest("Al2", "1", "0")),
    "status": (STATUS, lambda client: client.status("Al2", "1")),
    "available": ({"Al2": [RUN]}, lambda client: client.available()),
    "compositions": ({"compositions": ["Al2"]}, lambda client: client.compositions()),
    "bonds": (BONDS, lambda client: client.bonds("Al2", 1, 0)),
    "whoami": (IDENTITY, lambda client: client.whoami()),
    "summary": (SUMMARY, lambda client: client.summary()),
    "dataset_info": (DATASET, lambda client: client.dataset_info()),
    "generate": (
        {"nc": "Al2", "id_run": "1", "status": "SCHEDULED"},
        lambda client: client.generate("Al2"),
    ),
}


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(lambda request: build_response(b"{}")) as running:
        yield running


@pytest.fixture
def client(server: RawServer) -> Iterator[DataOpsClient]:
    with DataOpsClient(server.url, timeout_seconds=20, transfer_config=SINGLE) as made:
        yield made


def always(content: bytes) -> Callable[[Request], bytes]:
    return lambda request: content


@pytest.mark.parametrize("name", CALLS)
def test_a_response_that_follows_the_contract_is_accepted(
    server: RawServer, client: DataOpsClient, name: str
) -> None:
    good, call = CALLS[name]
    server.respond = always(build_json_response(good))
    assert call(client)


HOSTILE_BODIES = {
    "nested too deeply": b"[" * 200_000,
    "nested too deeply in an object": b'{"a":' * 200_000,
    "not JSON": b"<!DOCTYPE html>",
    "not UTF-8": b'{"nc": "\xff\xfe"}',
    "empty": b"",
    "a number of 10,000 digits": b'{"size_bytes": ' + b"9" * 10_000 + b"}",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
}


@pytest.mark.parametrize("call", [call for _, call in CALLS.values()], ids=CALLS)
@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
def test_a_body_outside_the_contract_raises_unexpected_response(
    server: RawServer, client: DataOpsClient, call: Call, body: bytes
) -> None:
    server.respond = always(build_response(body))
    with pytest.raises(UnexpectedResponse):
        call(client)


HOSTILE_FIELDS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "a size beyond any store": ("link", {"size_bytes": 2**70}),
    "a negative size": ("link", {"size_bytes": -1}),
    "a size that is true": ("link", {"size_bytes": True}),
    "a lone surrogate in a name": ("link", {"filename": "\ud800.zip"}),
    "a lone surrogate in a name of a file": (
        "manifest",
        {"files": [{"name": "\udfff", "size_bytes": 1, "role": "", "etag": ""}]},
    ),
    "a file name that leads elsewhere": ("link", {"filename": "../a.zip"}),
    "no hash": ("link", {"sha256": None}),
    "a file of a size beyond any store": (
        "manifest",
        {"files": [{"name": "a", "size_bytes": 2**70, "role": "", "etag": ""}]},
    ),
    "sub-runs that are not numbers": ("status", {"sub_runs": ["0", "one"]}),
    "a sub-run of 5,000 digits": ("status", {"sub_runs": ["9" * 5_000]}),
    "outcomes that are a list": ("status", {"sub_run_outcomes": [1]}),
    "an outcome that is a list": ("status", {"sub_run_outcomes": {"0": []}}),
    "runs that are a number": ("available", {"Al2": 5}),
    "a run that is a text": ("available", {"Al2": ["1"]}),
    "skipped files that are texts": ("link", {"skipped": ["aux.log"]}),
}


@pytest.mark.parametrize(("name", "change"), HOSTILE_FIELDS.values(), ids=HOSTILE_FIELDS)
def test_a_field_outside_the_contract_raises_unexpected_response(
    server: RawServer, client: DataOpsClient, name: str, change: Mapping[str, Any]
) -> None:
    good, call = CALLS[name]
    server.respond = always(build_json_response(good | change))
    with pytest.raises(UnexpectedResponse):
        call(client)


@pytest.mark.parametrize(
    "packed",
    [
        build_response(
            gzip.compress(b"[" + b"0," * 40_000_000 + b"0]", 1), Content_Encoding="gzip"
        ),
        build_response(b"HTTP/1.1 200 OK\r\n" + b" " * MAX_BODY_BYTES),
        build_response(b"0" * (MAX_BODY_BYTES + 1), "404 Not Found"),
    ],
    ids=["gzip", "plain", "an error"],
)
def test_a_response_over_64_mib_is_rejected_in_bounded_memory(
    server: RawServer, client: DataOpsClient, packed: bytes
) -> None:
    server.respond = always(packed)
    tracemalloc.start()
    try:
        with pytest.raises(UnexpectedResponse, match="larger than 67108864 bytes"):
            client.compositions()
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BODY_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("container", [b"[]", b"{}"])
def test_a_body_with_too_many_containers_is_not_decoded(
    server: RawServer, client: DataOpsClient, container: bytes
) -> None:
    content = b"[" + b",".join([container] * MAX_CONTAINERS) + b"]"
    server.respond = always(build_response(gzip.compress(content, 1), Content_Encoding="gzip"))
    with pytest.raises(UnexpectedResponse, match="more than 1000000 objects and arrays"):
        client.compositions()


def test_a_gzip_response_is_decoded(server: RawServer, client: DataOpsClient) -> None:
    body = gzip.compress(b'{"compositions": ["Al2"]}')
    server.respond = always(build_response(body, Content_Encoding="gzip"))
    assert client.compositions() == ["Al2"]
    server.respond = always(build_response(body[:-9], Content_Encoding="gzip"))
    with pytest.raises(UnexpectedResponse, match="truncated gzip data"):
        client.compositions()
    server.respond = always(build_response(body, Content_Encoding="br"))
    with pytest.raises(UnexpectedResponse, match="unknown encoding 'br'"):
        client.compositions()
    server.respond = always(build_response(b"no gzip", Content_Encoding="gzip"))
    with pytest.raises(UnexpectedResponse, match="is not valid gzip"):
        client.compositions()


def test_endless_pages_raise_unexpected_response(server: RawServer, client: DataOpsClient) -> None:
    server.respond = always(
        build_json_response({"Al2": [RUN]}, Link='</v1/generate/available?cursor=x>; rel="next"')
    )
    with pytest.raises(UnexpectedResponse, match="has no end"):
        client.available()
    server.respond = always(build_json_response({}, Link='<http://[>; rel="next"'))
    with pytest.raises(UnexpectedResponse, match="invalid URL"):
        client.available()


def test_an_invalid_date_header_is_ignored(server: RawServer, client: DataOpsClient) -> None:
    server.respond = always(
        build_json_response(LINK, Date="Mon, 01 Jan 99999999999999999999 00:00:00 +99999999999999")
    )
    assert client.link("Al2", "1", "0").size_bytes == 3


@pytest.mark.parametrize("size_bytes", [2**40, 50 * 2**40])
def test_an_announced_size_allocates_no_memory(
    server: RawServer, client: DataOpsClient, tmp_path: Path, size_bytes: int
) -> None:
    def respond(request: Request) -> bytes:
        if "/download" in request.target:
            return build_json_response(
                LINK | {"size_bytes": size_bytes, "download_url": f"{server.url}/a.zip"}
            )
        return build_response(b"", "404 Not Found")

    server.respond = respond
    tracemalloc.start()
    try:
        with pytest.raises(DataOpsError):
            client.download("Al2", "1", "0", tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "url",
    [
        "http://[",
        "ftp://127.0.0.1/a",
        "",
        "http://",
        "http://127.0.0.1:99999/",
        "/a.zip",
        "http://a b/",
        "file:///etc/passwd",
    ],
)
def test_an_invalid_download_url_raises_an_error_of_the_client(
    server: RawServer, client: DataOpsClient, tmp_path: Path, url: str
) -> None:
    server.respond = always(build_json_response(LINK | {"download_url": url}))
    with pytest.raises(DataOpsError):
        client.download("Al2", "1", "0", tmp_path)


OK, CHUNKED = b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
HOSTILE_STORAGES = {
    "a negative chunk": OK + CHUNKED + b"-5\r\nabc\r\n",
    "an endless chunk": OK + CHUNKED + b"ffffffffffffffff\r\nabc\r\n",
    "a chunk without a size": OK + CHUNKED + b"zz\r\nabc\r\n",
    "a negative length": OK + b"Content-Length: -5\r\n\r\nabc",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 3\r\n\r\nabc",
    "a long header": OK + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": OK + b"X: a\r\n" * 1_000 + b"\r\n",
    "no header": OK + b": a\r\n\xff\xfe\r\n\r\n",
    "nothing": b"",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\n",
    "an unknown status": b"HTTP/1.1 999 x\r\n\r\n",
    "a switch of protocols": b"HTTP/1.1 101 x\r\n\r\n",
    "an ETag with an escape": OK + b'ETag: "a\x1b[2Jb"\r\nContent-Length: 3\r\n\r\na',
    "an ETag on two lines": OK + b'ETag: "a\r\n b"\r\nContent-Length: 3\r\n\r\na',
    "an ETag that is not ASCII": OK + b'ETag: "\xe9"\r\nContent-Length: 3\r\n\r\na',
    "a wait that is not ASCII": b"HTTP/1.1 503 x\r\nRetry-After: \xff\xff\r\n\r\n",
    "other bytes": OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("content", HOSTILE_STORAGES.values(), ids=HOSTILE_STORAGES)
def test_invalid_responses_of_the_store_raise_an_error_of_the_client(
    server: RawServer, client: DataOpsClient, tmp_path: Path, content: bytes
) -> None:
    download = build_json_response(LINK | {"download_url": f"{server.url}/a.zip"})
    server.respond = lambda request: download if "/download" in request.target else content
    with pytest.raises(DataOpsError):
        client.download("Al2", "1", "0", tmp_path)


@given(data=st.data())
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_a_mutated_response_gives_a_value_or_an_error_of_the_client(
    server: RawServer, client: DataOpsClient, data: st.DataObject
) -> None:
    good, call = CALLS[data.draw(st.sampled_from(sorted(CALLS)))]
    mutated = data.draw(mutate(good))
    body = bytearray(json.dumps(mutated).encode())
    for _ in range(data.draw(st.integers(0, 2))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    status = data.draw(
        st.sampled_from(["200 OK", "404 Not Found", "422 Unprocessable", "418 Teapot", "301 Moved"])
    )
    server.respond = always(build_response(bytes(body), status))
    try:
        call(client)
    except DataOpsError as error:
        assert not {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} & set(str(error))


@given(noise=st.binary(max_size=300), cut=st.integers(0, 200))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_bytes_that_are_not_http_raise_an_error_of_the_client(
    server: RawServer, noise: bytes, cut: int
) -> None:
    server.respond = always(build_json_response(STATUS)[:cut] + noise)
    api = Api(server.url, None, "test", 5, sleep=lambda seconds: None)
    try:
        api.get("/v1/compositions").json()
    except DataOpsError:
        pass
    finally:
        api.close()


@pytest.mark.parametrize(
    "header", ["0", "-5", "soon", "nan", "-inf", "Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_retries_of_a_busy_api_wait_at_least_a_quarter_second(
    server: RawServer, header: str
) -> None:
    server.respond = always(
        build_json_response({"detail": "busy"}, "503 Service Unavailable", Retry_After=header)
    )
    waits: list[float] = []
    api = Api(server.url, None, "test", 20, sleep=waits.append)
    with pytest.raises(Unavailable, match="busy"):
        api.get("/v1/compositions")
    api.close()
    assert len(waits) == ATTEMPTS - 1
    assert min(waits) >= 0.25


def test_a_post_without_an_idempotency_key_is_sent_once(server: RawServer) -> None:
    server.respond = always(build_json_response({"detail": "busy"}, "503 Service Unavailable"))
    api = Api(server.url, None, "test", 20, sleep=lambda seconds: None)
    with pytest.raises(Unavailable):
        api.post("/v1/generate/Al2")
    assert len(server.requests) == 1
    with pytest.raises(Unavailable):
        api.post("/v1/generate/Al2", idempotency_key="a")
    api.close()
    assert len(server.requests) == 1 + ATTEMPTS


class CancelAfterThreeWaits(threading.Event):
    """Event that is set at the third wait and never waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return len(self.waits) == 3


def test_polls_of_a_build_wait_at_least_a_quarter_second(
    server: RawServer, client: DataOpsClient
) -> None:
    server.respond = always(build_json_response({}, "202 Accepted", Retry_After="0"))
    cancel = CancelAfterThreeWaits()
    with pytest.raises(DataOpsError, match="cancelled"):
        client.link("Al2", "1", "0", cancel=cancel)
    assert cancel.waits == [0.25] * 3


def test_control_characters_of_a_server_are_removed(
    server: RawServer, client: DataOpsClient
) -> None:
    hostile = "\x1b[2J\x1b]0;title\x07cleared\x9b31m\r\nfaked line\x7f"
    server.respond = always(
        build_json_response({"detail": hostile, "code": hostile}, "404 Not Found")
    )
    with pytest.raises(DataOpsError) as caught:
        client.compositions()
    assert "[2J" in str(caught.value)
    assert str(caught.value).isprintable()
    assert str(caught.value.code).isprintable()
    server.respond = always(build_json_response({"compositions": [hostile]}))
    assert all(nc.isprintable() for nc in client.compositions())
    server.respond = always(build_response(hostile.encode("latin-1"), "500 \x1b[2J"))
    api = Api(server.url, None, "test", 20, sleep=lambda seconds: None)
    with pytest.raises(DataOpsError) as caught:
        api.get("/x")
    assert str(caught.value).replace("\ufffd", "").isprintable()
    api.close()


def test_unknown_outcomes_are_kept_and_fields_of_other_types_are_none(
    server: RawServer, client: DataOpsClient
) -> None:
    outcomes = {
        "1": OUTCOME | {"outcome": "SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK"},
        "0": {"outcome": "MELTED", "scf_iterations": "many", "total_energy_ry": -12, "new": 1},
    }
    server.respond = always(build_json_response(STATUS | {"sub_run_outcomes": outcomes}))
    found = client.status("Al2", "1").sub_run_outcomes
    assert [(sub_run, outcome.outcome) for sub_run, outcome in found.items()] == [
        ("0", "MELTED"), ("1", "SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK"),
    ]  # fmt: skip
    assert (found["0"].scf_iterations, found["0"].total_energy_ry, found["1"].scf_iterations) == (
        None,
        -12.0,
        61,
    )


def test_skipped_files_are_optional_in_responses(server: RawServer, client: DataOpsClient) -> None:
    server.respond = always(build_json_response(LINK))
    link = client.link("Al2", "1", "0")
    assert isinstance(link, ArchiveLink)
    assert [(skipped.name, skipped.reason) for skipped in link.skipped] == [
        ("aux.log", "a device on Windows")
    ]
    server.respond = always(
        build_json_response({name: value for name, value in MANIFEST.items() if name != "skipped"})
    )
    assert client.manifest("Al2", "1", "0").skipped == ()
