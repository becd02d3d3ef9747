"""Commands `dataops dataset`, against an API with scripted responses."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dataops_client.cli.app import app, main
from typer.main import get_command

from tests.support.fake_datasets import PAYLOAD, VERSION_PATH, FakeDatasets
from tests.support.raw_server import (
    RawServer,
    Request,
    build_json_response,
    build_response,
    raw_server,
)

Dataops = Callable[..., tuple[int, str, str]]
COMMANDS = sorted(get_command(app).commands["dataset"].commands)  # type: ignore[attr-defined]
ADVISORY = {
    "kind": "withdrawn", "reason": "wrong k-points", "sub_runs": ["Al2/1/0"],
    "superseded_by": "1.1.0", "created_at": "2026-02-01T00:00:00+00:00",
}  # fmt: skip
WARNING = "glasses@1.0.0 is withdrawn (Al2/1/0): wrong k-points; use version 1.1.0"
DELETED = {
    "name": "glasses", "version": "0.9.0", "title": "Glasses", "content_id": "a" * 64,
    "deleted_at": "2026-02-01T00:00:00+00:00", "reason": "a test",
}  # fmt: skip


@pytest.fixture
def fake() -> FakeDatasets:
    return FakeDatasets()


@pytest.fixture
def server(
    fake: FakeDatasets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[RawServer]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.chdir(tmp_path)
    with raw_server(fake.respond) as running:
        fake.url = running.url
        monkeypatch.setenv("DATAOPS_URL", running.url)
        yield running


@pytest.fixture
def dataops(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Dataops:
    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataops", "dataset", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def record(fake: FakeDatasets, route: str, *responses: bytes) -> list[Request]:
    """Let the route respond with these in turn, the last one repeatedly. Return its requests."""
    requests: list[Request] = []

    def respond(request: Request) -> bytes:
        requests.append(request)
        return responses[min(len(requests), len(responses)) - 1]

    fake.overrides[route] = respond
    return requests


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns_and_shows_an_example(dataops: Dataops, name: str) -> None:
    code, out, _ = dataops(name, "--help")
    assert (code, max(map(len, out.splitlines())) <= 80) == (0, True)
    assert f"dataops dataset {name}" in out.partition("Example:")[2]


def test_the_commands_are_listed_with_whole_sentences(dataops: Dataops) -> None:
    lines = dataops("--help")[1].partition("Commands:\n")[2].splitlines()
    assert {line.split()[0] for line in lines} == set(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)


def test_create_repeats_its_request_until_the_version_is_stored(
    fake: FakeDatasets, dataops: Dataops
) -> None:
    progress = {"name": "glasses", "status": "FREEZING", "runs_done": 0, "runs_total": None,
                "retry_after_seconds": 0}  # fmt: skip
    requests = record(
        fake, "POST /v1/datasets",
        build_json_response(progress, "202 Accepted", Retry_After="0"),
        build_json_response(progress | {"runs_total": 3}, "202 Accepted", Retry_After="0"),
        build_json_response(fake.version, "201 Created", Location=VERSION_PATH),
    )  # fmt: skip
    code, out, err = dataops(
        "create", "glasses", "--title", "Glasses", "--outcome", "DONE", "--labels-complete",
        "--creator", "A. Author", "--allow-missing",
    )  # fmt: skip
    assert (code, out) == (0, "glasses@1.0.0\n")
    assert f"3 runs, 6 sub-runs, 12 files, {fake.version['size_bytes'] / 1000:.1f} kB" in err
    assert len({request.headers["idempotency-key"] for request in requests}) == 1
    assert len(requests) == 3
    record(fake, "POST /v1/datasets", build_json_response(progress, "202 Accepted"))
    code, out, err = dataops("create", "glasses", "--title", "x", "--nc", "Al2", "--no-wait")
    assert (code, out) == (0, "")
    assert "repeat the command to continue" in err


def test_create_sends_filters_or_items_as_json(fake: FakeDatasets, dataops: Dataops) -> None:
    requests = record(fake, "POST /v1/datasets", build_json_response(fake.version, "201 Created"))
    filters = ("--nc", "Al2,Al3", "--bond-labels-min", "1", "--no-labels-complete")
    assert json.loads(dataops("create", "g", "--title", "T", *filters, "--json")[1])["runs"] == 3
    rows = [{"nc": "Al2", "id_run": "1", "sub_run": number, "outcome": "DONE"} for number in "03"]
    found = json.dumps({"sub_runs": rows, "unindexed": 0})
    dataops("create", "g", "--title", "T", "--items", "-", typed=found)
    dataops("create", "g", "--title", "T", "--items", "-", typed='[{"nc": "Al2", "id_run": 7}]')
    bodies = [json.loads(request.body) for request in requests]
    where = {"nc": "Al2,Al3", "bond_labels_min": 1, "labels_complete": False}
    assert [body.get("where") or body["items"] for body in bodies] == [
        where,
        [{"nc": "Al2", "id_run": "1", "sub_runs": ["0", "3"]}],
        [{"nc": "Al2", "id_run": "7"}],
    ]
    assert bodies[0].keys() == {"name", "title", "where", "profile"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "glasses", "--title", "T"), "select sub-runs by filters"),
        (("create", "Glasses", "--title", "T", "--nc", "Al2"), "use lower-case letters"),
        (("create", "g", "--title", "T", "--items", "-"), "is not JSON of `dataops find --json`"),
        (("pull", "glasses@1"), "names no version; write the number, such as glasses@1.0.0"),
        (("delete", "glasses", "--reason", "x"), "`dataops dataset show glasses` lists"),
        (("diff", "glasses@1.0.0"), "name two versions"),
        (("diff", "glasses@1.0.0", "other@1.0.0"), "versions of different datasets"),
    ],
)
def test_wrong_uses_are_explained_without_a_request(
    server: RawServer, dataops: Dataops, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = dataops(*arguments)
    assert (code, message in " ".join(err.split())) == (2, True), err
    assert not server.requests


def test_datasets_and_versions_are_listed(fake: FakeDatasets, dataops: Dataops) -> None:
    old = fake.version | {"version": "0.8.0", "advisories": [ADVISORY]}
    summary = {"name": "glasses", "versions": 2, "latest": fake.version}
    record(fake, "GET /v1/datasets", build_json_response({"datasets": [summary]}))
    versions = {"name": "glasses", "versions": [old, fake.version], "deleted": [DELETED]}
    record(fake, "GET /v1/datasets/glasses", build_json_response(versions))
    header, row = (line.split("\t") for line in dataops("list")[1].splitlines())
    found = dict(zip(header, row, strict=True))
    assert (found["name"], found["version"], found["versions"]) == ("glasses", "1.0.0", "2")
    assert (found["state"], found["created_at"]) == ("current", "2026-01-01T00:00:00Z")
    assert json.loads(dataops("list", "--json")[1])[0]["latest"]["files"] == 12
    shown = dict(line.split("\t") for line in dataops("show", "glasses")[1].splitlines())
    assert shown["versions"] == "0.8.0 (withdrawn); 1.0.0 (current)"
    assert (shown["deleted"], shown["creators"]) == ("0.9.0 (a test)", "A. Author")
    assert shown["content_id"] == fake.version["content_id"]
    document = json.loads(dataops("show", "glasses", "--json")[1])
    assert document["versions"][0]["advisories"][0]["created_at"] == "2026-02-01T00:00:00Z"
    assert document["deleted"][0]["reason"] == "a test"
    gone = build_json_response({"name": "glasses", "versions": [], "deleted": [DELETED]})
    record(fake, "GET /v1/datasets/glasses", gone)
    code, _, err = dataops("show", "glasses")
    assert (code, err) == (3, "dataops: glasses has no version; deleted: 0.9.0 (a test)\n")
    record(fake, "GET /v1/datasets", build_json_response({"datasets": []}))
    assert "freezes the first one" in dataops("list")[2]


def test_a_deleted_version_is_not_found_with_its_reason(
    fake: FakeDatasets, dataops: Dataops
) -> None:
    problem = {"detail": "glasses@1.0.0 was deleted: a test", "code": "dataset_deleted"}
    record(fake, f"GET {VERSION_PATH}", build_json_response(problem, "410 Gone"))
    for command in ("show", "pull"):
        code, _, err = dataops(command, "glasses@1.0.0")
        assert (code, "was deleted: a test" in err) == (3, True)
        assert "`dataops dataset show NAME` lists the versions" in err


def test_pull_prints_what_it_did(fake: FakeDatasets, dataops: Dataops) -> None:
    code, out, err = dataops("pull", "glasses@1.0.0")
    assert (code, err) == (0, f"content id {fake.version['content_id']}\n")
    assert out.startswith("glasses: glasses@1.0.0, 12 files, 12 written, ")
    assert dataops("pull", "glasses@1.0.0")[1].endswith(
        "12 files, already present, no request was sent\n"
    )
    fake.version["advisories"] = [ADVISORY]
    code, out, err = dataops("pull", "glasses", "--quiet")
    assert (code, out, err) == (0, "", f"dataops: warning: {WARNING}\n")
    document = json.loads(dataops("pull", "glasses", "--json")[1])
    assert (document["files"], document["restored"], document["offline"]) == (12, 0, False)
    assert document["lock"]["advisories"][0]["kind"] == "withdrawn"
    assert dataops("bag", "glasses@1.0.0", "bag")[0] == 0
    assert Path("bag", "bagit.txt").is_file()


def test_verify_reports_differences_advisories_and_deletions(
    fake: FakeDatasets, server: RawServer, dataops: Dataops
) -> None:
    dataops("pull", "glasses@1.0.0", "-o", "d")
    code, out, err = dataops("verify", "d")
    assert (code, err) == (0, "")
    assert out.startswith("d: glasses@1.0.0, 12 files, OK, content id ")
    fake.version["advisories"] = [ADVISORY]
    assert dataops("verify", "d", "--offline")[0] == 0
    code, _, err = dataops("verify", "d")
    assert (code, err) == (6, f"dataops: warning: {WARNING}\n")
    server.requests.clear()
    assert dataops("verify", "d", "--offline")[0] == 6
    assert not server.requests
    problem = {"detail": "it was a test", "code": "dataset_deleted"}
    record(fake, f"GET {VERSION_PATH}", build_json_response(problem, "410 Gone"))
    code, out, _ = dataops("verify", "d", "--json")
    assert (code, json.loads(out)["deleted"]) == (6, "it was a test")
    Path("d", min(PAYLOAD)).write_text("mine")
    Path("d", max(PAYLOAD)).unlink()
    code, out, err = dataops("verify", "d", "--offline")
    assert (code, "MODIFIED" in out) == (1, True)
    assert err.startswith(f"changed: d/{min(PAYLOAD)}\nmissing: d/{max(PAYLOAD)}\n")


def test_verify_does_not_accept_the_version_of_another_service(
    fake: FakeDatasets, dataops: Dataops
) -> None:
    dataops("pull", "glasses@1.0.0", "-o", "d")
    fake.version["content_id"] = "a" * 64
    code, _, err = dataops("verify", "d")
    assert (code, "has another content id" in err) == (1, True)
    record(fake, f"GET {VERSION_PATH}", build_json_response({"detail": "x"}, "404 Not Found"))
    code, _, err = dataops("verify", "d")
    assert (code, "use its URL (--url), or --offline" in err) == (3, True)
    code, _, err = dataops("verify", "d", "--url", "http://127.0.0.1:1")
    assert code == 4
    code, _, err = dataops("verify", ".", "--offline")
    assert (code, "is not a complete dataset" in err) == (3, True)


def test_diff_lists_files_or_science(fake: FakeDatasets, dataops: Dataops) -> None:
    body = {
        "name": "glasses", "from": "1.0.0", "to": "2.0.0", "change": "MAJOR",
        "files": {"added": 1, "removed": 0, "changed": 1, "unchanged": 10},
        "added": ["data/Al2/3/0/x"], "removed": [], "changed": ["data/Al2/1/0/Al2.scf.in"],
        "truncated": True, "documents": ["title"],
        "outcomes": [{"sub_run": "Al2/1/0", "before": "DONE", "after": None}],
        "bonds": [{"bond_type": "Zr-Cu", "bonds_before": 5, "bonds_after": 0,
                   "mean_minus_icohp_ev_before": 0.71, "mean_minus_icohp_ev_after": None}],
    }  # fmt: skip
    requests = record(fake, f"GET {VERSION_PATH}/diff/2.0.0", build_json_response(body))
    code, out, err = dataops("diff", "glasses@1.0.0", "glasses@2.0.0")
    assert (code, out.splitlines()[1:]) == (
        0, ["added\tdata/Al2/3/0/x", "changed\tdata/Al2/1/0/Al2.scf.in"]
    )  # fmt: skip
    assert err.startswith("MAJOR: 1 added, 0 removed, 1 changed, 10 unchanged; changed desc")
    assert "the lists are cut off" in err
    assert dataops("diff", "glasses", "1.0.0", "2.0.0", "--science")[1].splitlines()[1:] == [
        "Al2/1/0\tdone\t-", "Zr-Cu bonds\t5\t0", "Zr-Cu mean -ICOHP (eV)\t0.7100\t-"
    ]  # fmt: skip
    document = json.loads(dataops("diff", "glasses@1.0.0", "glasses@2.0.0", "--json")[1])
    assert document["bonds"][0]["mean_minus_icohp_ev_before"] == 0.71
    assert len(requests) == 3


def test_citations_advisories_dois_and_deletions(
    fake: FakeDatasets, server: RawServer, dataops: Dataops
) -> None:
    assert dataops("cite", "glasses", "--bibtex") == (0, "A. Author: Glasses\n", "")
    assert server.requests[0].target == "/v1/datasets/glasses/latest/citation?style=bibtex"
    escape = build_response(b"A\n\x1b[31mB\n")
    record(fake, f"GET {VERSION_PATH}/citation", escape)
    assert dataops("cite", "glasses@1.0.0") == (0, "A\n[31mB\n", "")
    advised = build_json_response(fake.version | {"advisories": [ADVISORY]}, "201 Created")
    record(fake, f"POST {VERSION_PATH}/advisories", advised)
    code, _, err = dataops(
        "advise", "glasses@1.0.0", "--kind", "withdrawn", "--reason", "wrong k-points"
    )
    assert (code, err) == (0, f"dataops: warning: {WARNING}\n")
    record(
        fake,
        f"PATCH {VERSION_PATH}",
        build_json_response(fake.version | {"doi": "10.5281/zenodo.1"}),
    )
    assert dataops("doi", "glasses@1.0.0", "10.5281/zenodo.1")[1] == (
        "glasses@1.0.0: 10.5281/zenodo.1\n"
    )
    requests = record(fake, f"DELETE {VERSION_PATH}", build_json_response(DELETED))
    assert dataops("delete", "glasses@1.0.0", "--reason", "a test")[0] == 0
    assert requests[0].target.endswith("?reason=a+test")
    problem = {"detail": "a DOI is recorded", "code": "conflict"}
    record(fake, f"DELETE {VERSION_PATH}", build_json_response(problem, "409 Conflict"))
    assert dataops("delete", "glasses@1.0.0", "--reason", "x")[0] == 1
