"""`dataops find` and the filters of `dataops download`, against a server with scripted pages."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from dataops_client import DataOpsClient, FoundSubRuns, InvalidRequest, UnexpectedResponse
from dataops_client.cli.app import main

from tests.support.raw_server import (
    RawServer,
    Request,
    build_json_response,
    raw_server,
)

Dataops = Callable[..., tuple[int, str, str]]

NOT_INDEXED = (
    "2 sub-runs are not indexed yet; `dataops status NC RUN` indexes those of a run, "
    "`dataops-admin index` all\n"
)


def row(sub_run: str, **facts: Any) -> dict[str, Any]:
    return {
        "nc": "Al2", "id_run": "1", "sub_run": sub_run, "deformation": "shear", "outcome": "DONE",
        "labels_complete": True, "bond_labels": 7, "bonds_expected": 8, "scf_iterations": 20,
        "total_energy_ry": -12, "energy_above_reference_ry": 0.5,
        "scheduled_at": "2026-01-01T00:00:00+00:00",
    } | facts  # fmt: skip


def respond_in_pages(request: Request) -> bytes:
    """Respond with two pages, of which each has one sub-run and one that is not indexed."""
    if "cursor=" in request.target:
        empty = dict.fromkeys(("labels_complete", "bond_labels", "total_energy_ry"))
        unread = row("2", **empty, energy_above_reference_ry=None, outcome="NO_DATA")
        return build_json_response({"sub_runs": [unread], "unindexed": 1, "next_cursor": None})
    link = f'<http://other{request.target}&cursor=x>; rel="next"'
    body = {"sub_runs": [row("1")], "unindexed": 1, "next_cursor": "x"}
    return build_json_response(body, Link=link)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RawServer]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.chdir(tmp_path)
    with raw_server(respond_in_pages) as running:
        monkeypatch.setenv("DATAOPS_URL", running.url)
        yield running


@pytest.fixture
def dataops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dataops:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataops", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def queries(server: RawServer) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(request.target).query) for request in server.requests]


def test_find_prints_the_sub_runs_of_all_pages_and_what_is_not_indexed(
    server: RawServer, dataops: Dataops
) -> None:
    code, out, err = dataops("find", "--nc", "Al2", "--elements", "Al", "--elements", "Zr")
    assert (code, err) == (
        0,
        f"2 sub-runs\n{NOT_INDEXED}",
    )
    header, first, second = (line.split("\t") for line in out.splitlines())
    assert header[:5] == ["nc", "id_run", "sub_run", "deformation", "outcome"]
    assert dict(zip(header, first, strict=True))["energy_above_reference_ry"] == "0.5"
    assert second[2:7] == ["2", "shear", "NO_DATA", "", ""]
    query = {"limit": ["1000"], "nc": ["Al2"], "elements": ["Al,Zr"]}
    assert queries(server) == [query, query | {"cursor": ["x"]}]


def test_find_prints_one_json_document(server: RawServer, dataops: Dataops) -> None:
    code, out, err = dataops("find", "--json", "--no-labels-complete", "--bond-labels-min", "0")
    document = json.loads(out)
    assert (code, document["unindexed"], len(document["sub_runs"])) == (0, 2, 2)
    assert document["sub_runs"][0]["total_energy_ry"] == -12.0
    assert err == NOT_INDEXED
    assert queries(server)[0] == {
        "limit": ["1000"], "labels_complete": ["false"], "bond_labels_min": ["0"]
    }  # fmt: skip


def test_download_selects_by_filters_if_no_composition_is_named(
    server: RawServer, dataops: Dataops
) -> None:
    def respond(request: Request) -> bytes:
        if "/sub-runs" in request.target:
            return respond_in_pages(request)
        return build_json_response({"detail": "no file", "code": "not_found"}, "404 Not Found")

    server.respond = respond
    code, out, err = dataops("download", "--elements", "Al", "--outcome", "DONE,NO_DATA")
    assert (code, out.splitlines()) == (0, ["Al2/1/1: no files", "Al2/1/2: no files"])
    assert "2 sub-runs are not indexed yet" in err
    assert queries(server)[0] == {
        "limit": ["1000"], "elements": ["Al"], "outcome": ["DONE,NO_DATA"]
    }  # fmt: skip
    server.requests.clear()
    dataops("download", "Al2", "1-2", "0,3", "--deformation", "shear")
    assert queries(server)[0] == {
        "limit": ["1000"], "nc": ["Al2"], "id_run": ["1,2"], "sub_run": ["0,3"],
        "deformation": ["shear"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("download",), "name a composition"),
        (("download", "Al2", "--nc", "Al2"), "nc is given as an argument and as an option"),
        (("find", "--sub-run", "15"), "expected 0 to 14"),
        (("find", "--bond-labels-min", "x"), "not a valid int"),
    ],
)
def test_invalid_filters_are_rejected_without_a_request(
    server: RawServer, dataops: Dataops, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = dataops(*arguments)
    assert (code, message in err) == (2, True), err
    assert not server.requests


def test_the_library_accepts_lists_numbers_and_times(server: RawServer) -> None:
    with DataOpsClient() as client:
        found = client.find(
            nc=["Al2", "Al3"],
            id_run=21,
            sub_run=range(3),
            total_energy_ry_min=-5,
            scheduled_after=datetime(2026, 1, 31, tzinfo=UTC),
            outcome=None,
        )
        for wrong in ({"color": 1}, {"bond_labels_min": 1.5}, {"labels_complete": "yes"}):
            with pytest.raises(InvalidRequest):
                client.find(**wrong)
    assert isinstance(found, FoundSubRuns)
    assert (repr(found), found[0].total_energy_ry) == ("<2 sub-runs, 2 not indexed>", -12.0)
    assert "<td>shear</td>" in found._repr_html_()
    assert queries(server)[0] == {
        "limit": ["1000"], "nc": ["Al2,Al3"], "id_run": ["21"], "sub_run": ["0,1,2"],
        "total_energy_ry_min": ["-5.0"], "scheduled_after": ["2026-01-31T00:00:00+00:00"],
    }  # fmt: skip


def test_a_list_of_sub_runs_without_end_is_an_error(server: RawServer) -> None:
    body = {"sub_runs": [], "unindexed": 0, "next_cursor": "x"}
    server.respond = lambda request: build_json_response(
        body, Link='</v1/sub-runs?cursor=x>; rel="next"'
    )
    with DataOpsClient() as client, pytest.raises(UnexpectedResponse, match="has no end"):
        client.find()
