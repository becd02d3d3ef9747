"""Command `dataops` in this process, against a server that sends the responses of a test."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dataops_client import DataOpsClient
from dataops_client.cli import console
from dataops_client.cli.app import app, main
from dataops_client.cli.global_options import note_stall
from dataops_client.configuration import load_settings
from typer.main import get_command

from tests.support.raw_server import (
    RawServer,
    Request,
    build_json_response,
    build_response,
    raw_server,
)

SECRET = "dataops_qdvhetq3kpa5_DNZaEcSe"
RUN = {"nc": "Al2", "id_run": "1", "status": "SCHEDULED"}
IDENTITY = {"auth": "token", "name": "ada", "scopes": ["read", "schedule"],
            "expires_at": "2027-01-01T00:00:00+00:00"}  # fmt: skip
COMMANDS = sorted(set(get_command(app).commands) - {"dataset"})  # type: ignore[attr-defined]
"""Those of the group `dataset` are in test_client_dataset_commands.py."""

Dataops = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("DATAOPS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    with raw_server(lambda request: build_response(b"{}")) as running:
        monkeypatch.setenv("DATAOPS_URL", running.url)
        yield running


@pytest.fixture
def dataops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dataops:
    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataops", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def respond_with(**bodies: Any) -> Callable[[Request], bytes]:
    """Respond with a body by the last part of the path, and 404 to other paths."""

    def respond(request: Request) -> bytes:
        body = bodies.get(request.target.partition("?")[0].rpartition("/")[2].replace("-", "_"))
        if body is None:
            problem = {"detail": "no route", "code": "no_such_route"}
            return build_json_response(problem, "404 Not Found")
        return build_json_response(body)

    return respond


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_80_columns_and_shows_an_example(dataops: Dataops, name: str) -> None:
    code, out, _ = dataops(*filter(None, [name]), "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert out.count("Example:") == 1
    assert f"dataops {name}" in out.partition("Example:")[2]
    assert "DATAOPS_URL" in out or name in ("verify", "export", "plot", "completion")


def test_the_command_is_listed_with_whole_sentences(dataops: Dataops) -> None:
    _, out, _ = dataops("--help")
    lines = out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("   ")]
    own = [line for line in lines if line.split()[0] not in ("export", "plot")]
    assert all(line.endswith(".") and not line.endswith("...") for line in own)


@pytest.mark.parametrize("before", [True, False])
def test_global_options_are_accepted_before_and_after_the_command(
    server: RawServer, dataops: Dataops, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setenv("DATAOPS_URL", "http://localhost:1")
    server.respond = respond_with(
        compositions={"compositions": ["Al2"]}, summary={"compositions": []}
    )
    options = ["--url", server.url, "--verbose"]
    arguments = [*options, "compositions"] if before else ["compositions", *options]
    code, out, err = dataops(*arguments)
    assert (code, out) == (
        0, "nc\truns\tsub_runs\tdone\tnot_done\tunread\tbonds\nAl2\t0\t0\t\t\t\t\n"
    )  # fmt: skip
    assert "dataops: GET /v1/compositions: HTTP 200 in " in err


def test_verbose_does_not_print_the_token(
    server: RawServer, dataops: Dataops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAOPS_TOKEN", SECRET)
    server.respond = respond_with(compositions={"compositions": []})
    code, _, err = dataops("compositions", "--verbose")
    assert (code, SECRET in err) == (0, False)


def test_generate_sends_count_and_key(server: RawServer, dataops: Dataops) -> None:
    runs = [RUN, RUN | {"id_run": "2"}]
    server.respond = lambda request: build_json_response(RUN | {"runs": runs})
    assert dataops("generate", "Al2", "--count", "2", "--key", "task-17") == (0, "1\n2\n", "")
    assert server.requests[0].headers["idempotency-key"] == "task-17"
    assert json.loads(dataops("generate", "Al2", "--json")[1])[0] == RUN


def test_augment_sends_the_sub_runs_of_ranges(server: RawServer, dataops: Dataops) -> None:
    server.respond = lambda request: build_json_response(RUN)
    assert dataops("augment", "Al2", "1", "1-3,8", "5")[:2] == (0, "SCHEDULED\n")
    assert dataops("augment", "Al2", "1,2")[:2] == (0, "1: SCHEDULED\n1: SCHEDULED\n")
    assert [request.target for request in server.requests] == [
        "/v1/generate/Al2/1/augment",
        "/v1/generate/Al2/1/augment",
        "/v1/generate/Al2/2/augment",
    ]


def test_a_token_is_checked_stored_used_and_deleted(server: RawServer, dataops: Dataops) -> None:
    server.respond = respond_with(whoami=IDENTITY)
    code, out, err = dataops("login", typed=f"{SECRET}\n")
    assert (code, out) == (0, "")
    assert f"logged in to {server.url} as ada; profile default" in err
    assert SECRET not in err
    assert load_settings(server.url).token == SECRET
    code, out, _ = dataops("whoami", "--json")
    assert json.loads(out) == {
        "profile": "default", "url": server.url, "auth": "token", "name": "ada",
        "scopes": ["read", "schedule"], "expires_at": "2027-01-01T00:00:00Z",
    }  # fmt: skip
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {SECRET}"}
    assert dataops("logout")[0] == 0
    assert load_settings(server.url).token is None
    assert dataops("logout")[0] == 3


def test_a_login_replaces_the_token_of_the_environment(
    server: RawServer, dataops: Dataops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAOPS_TOKEN", "old")
    server.respond = respond_with(whoami=IDENTITY)
    assert dataops("login", "-P", "institute", "--url", server.url, typed=SECRET)[0] == 0
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert load_settings(profile="institute").token == SECRET


def test_a_rejected_token_is_not_stored(server: RawServer, dataops: Dataops) -> None:
    problem = {"detail": "this token is not valid", "code": "invalid_token"}
    server.respond = lambda request: build_json_response(problem, "401 Unauthorized")
    code, out, err = dataops("login", typed=SECRET)
    assert (code, out) == (1, "")
    assert "dataops: this token is not valid\nhint: `dataops login` stores a token" in err
    assert load_settings(server.url).token is None
    code, _, err = dataops("login", typed="\n")
    assert (code, "no token was given" in err) == (2, True)
    code, _, err = dataops("login", typed=f"{SECRET} x")
    assert (code, SECRET in err) == (1, False)


def test_an_api_without_whoami_accepts_a_login(server: RawServer, dataops: Dataops) -> None:
    server.respond = respond_with(compositions={"compositions": []})
    assert dataops("login", typed=SECRET)[0] == 0
    assert load_settings(server.url).token == SECRET
    code, _, err = dataops("whoami")
    assert (code, "the API is older than this command" in err) == (3, True)


def test_a_login_at_an_api_without_authentication_warns(
    server: RawServer, dataops: Dataops
) -> None:
    server.respond = respond_with(whoami=IDENTITY | {"auth": "none", "name": None})
    code, _, err = dataops("login", typed=SECRET)
    assert (code, "requires no token; this one was not checked" in err) == (0, True)


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        ("401 x", {"code": "unauthorized"}, "`dataops login` stores a token; or set DATAOPS_TOKEN"),
        ("403 x", {"code": "forbidden"}, "`dataops whoami` prints the scopes of your token"),
        ("404 x", {"code": "nothing_available"}, "`dataops list NC` lists the runs"),
        ("404 x", {"code": "sub_run_not_scheduled"}, "`dataops augment NC RUN` schedules"),
        ("404 x", {"code": "not_found"}, "`dataops compositions` and `dataops list` list"),
    ],
)
def test_errors_are_followed_by_what_to_do(
    server: RawServer, dataops: Dataops, status: str, body: dict[str, str], hint: str
) -> None:
    problem = {"detail": "problem", "request_id": "r1"} | body
    server.respond = lambda request: build_json_response(problem, status)
    _, out, err = dataops("status", "Al2", "1")
    assert err.startswith(f"dataops: problem\nhint: {hint}")
    assert (out, "r1" in err, "HTTP" in err) == ("", False, False)


def test_the_request_id_follows_errors_of_the_server(server: RawServer, dataops: Dataops) -> None:
    problem = {"detail": "internal error", "request_id": "r1"}
    server.respond = lambda request: build_json_response(problem, "501 Not Implemented")
    code, _, err = dataops("status", "Al2", "1")
    assert (code, err) == (1, "dataops: internal error\nrequest id: r1\n")


def test_a_note_is_printed_on_a_terminal_while_the_api_does_not_respond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes: list[object] = []
    noted = threading.Event()

    def note(text: object) -> None:
        notes.append(text)
        noted.set()

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(console, "print_note", note)
    with DataOpsClient("http://localhost:1") as client, note_stall(client, 0.0):
        assert noted.wait(30)
    assert notes == ["dataops: waiting for http://localhost:1; Ctrl-C ends the command"]


def test_info_describes_service_composition_and_run(server: RawServer, dataops: Dataops) -> None:
    run = {"id_run": "1", "sub_runs": ["0", "1"], "run_scheduled_at": "2026-01-01T00:00:00+00:00",
           "sub_runs_scheduled_at": None}  # fmt: skip
    outcome = {"outcome": "DONE", "bond_labels": 7, "total_energy_ry": -12.5}
    status = run | {"nc": "Al2", "run_status": "DONE", "sub_runs_status": None,
                    "sub_run_outcomes": {"0": outcome}}  # fmt: skip
    manifest = {"nc": "Al2", "id_run": "1", "sub_run": None, "missing": [], "skipped": [],
                "files": [{"name": "0/a", "size_bytes": 5, "role": "other", "etag": "e"}]}  # fmt: skip
    server.respond = respond_with(
        **{"openapi.json": {"info": {"version": "1.2.3"}}}, available={"Al2": [run]}, status=status,
        dataset_info={"name": "Glasses", "license": "CC-BY-4.0", "creators": ["A", "B"]},
        manifest=manifest,
    )  # fmt: skip
    facts = json.loads(dataops("info", "--json")[1])
    assert (facts["api_version"], facts["license"]) == ("1.2.3", "CC-BY-4.0")
    assert "creators\tA, B\n" in dataops("info")[1]
    assert dataops("info", "Al2")[1].splitlines() == [
        "id_run\tstate\tsub_runs\tsub_runs_done\tsub_runs_not_done\tbonds\trun_scheduled_at",
        "1\tDONE\t0-1\t1\t1\t7\t2026-01-01T00:00:00Z",
    ]
    facts = json.loads(dataops("info", "Al2", "1", "--json")[1])
    assert (facts["outcomes"], facts["files"], facts["size_bytes"], facts["lowest_energy_ry"]) == (
        "1 done, 1 unknown (1)", 1, 5, -12.5
    )  # fmt: skip
    assert dataops("list")[1].splitlines() == [
        "nc\tid_run\tstate\tsub_runs\tsub_runs_done\tsub_runs_not_done\tbonds\trun_scheduled_at",
        "Al2\t1\tDONE\t0-1\t1\t1\t7\t2026-01-01T00:00:00Z",
    ]
    assert json.loads(dataops("list", "--json")[1])[0]["sub_runs"] == ["0", "1"]


def test_an_empty_list_says_what_to_do(server: RawServer, dataops: Dataops) -> None:
    server.respond = respond_with(available={}, compositions={"compositions": ["Al2"]})
    code, _, err = dataops("list")
    assert (code, err) == (
        0, "no run is scheduled; `dataops generate NC` schedules the next one\n"
    )  # fmt: skip
    assert "`dataops generate Al2` schedules one" in dataops("info", "Al2")[2]
    code, _, err = dataops("info", "Cu")
    assert (code, "`dataops compositions` lists all" in err) == (3, True)


def test_states_of_many_runs_are_not_requested(server: RawServer, dataops: Dataops) -> None:
    run = {"sub_runs": ["0"], "run_scheduled_at": "2026-01-01T00:00:00+00:00",
           "sub_runs_scheduled_at": None}  # fmt: skip
    runs = [run | {"id_run": str(number)} for number in range(1, 202)]
    server.respond = respond_with(available={"Al2": runs})
    code, out, err = dataops("list")
    assert (code, len(out.splitlines()), len(server.requests)) == (0, 202, 1)
    assert "left out for more than 200 runs" in err
