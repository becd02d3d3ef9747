"""Idempotency, batches, pages and outcomes as callers see them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.aws.clients import Clients
from chalicelib.api.paging import encode_run_cursor
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.runs import Run, RunKey
from chalicelib.settings import Settings
from tests.support.api import Api

Z = "/v1/generate/Zr49Cu49Al2"
AVAILABLE = "/v1/generate/available"


@pytest.fixture
def with_runs(api: Api, store: Any) -> Api:
    """Store runs 1-5 in the bucket."""
    for id_run in range(1, 6):
        store(f"Zr49Cu49Al2/c/md/lammps/100/{id_run}/2000/0/Zr49Cu49Al2.scf.in")
    return api


@pytest.fixture
def queries(api: Api, environment: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    """Record the queries that the service sends to the run table."""
    sent: list[dict[str, Any]] = []

    def record(params: dict[str, Any], **_: Any) -> None:
        sent.append(dict(params))

    settings = Settings.from_mapping(environment)
    clients = Clients.connect(settings)
    clients.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", record)
    with bootstrap.override_services(bootstrap.build_services(settings, clients)):
        yield sent


def add_runs(keys: list[tuple[str, int]]) -> None:
    runs = bootstrap.services().runs
    for nc, id_run in keys:
        runs.add(
            Run(
                RunKey(NominalComposition(nc), id_run),
                frozenset({0}),
                datetime(2026, 1, 2, tzinfo=UTC),
            ),
            f"{nc}{id_run}",
        )


def listed(response: dict[str, Any]) -> list[tuple[str, str]]:
    return [(nc, run["id_run"]) for nc, runs in response.items() for run in runs]


def next_query(link: str | None) -> str | None:
    if link is None:
        return None
    match = re.fullmatch(r'<(\?[^>]+)>; rel="next"', link)
    assert match, link
    return match[1]


def pages(api: Api, query: str) -> Iterator[list[tuple[str, str]]]:
    following: str | None = query
    while following is not None:
        response = api.call("GET", AVAILABLE + following)
        assert response.status_code == 200, response.body
        yield listed(json.loads(response.body))
        following = next_query(response.headers.get("Link"))


def test_the_same_key_replays_the_first_response_to_the_byte(with_runs: Api) -> None:
    headers = {"Idempotency-Key": "pipeline-7/task-1"}
    first = with_runs.call("POST", Z, headers=headers)
    assert json.loads(first.body) == {"nc": "Zr49Cu49Al2", "id_run": "1", "status": "SCHEDULED"}
    with_runs.post(f"{Z}/1/augment")
    assert with_runs.call("POST", Z, headers=headers).body == first.body
    assert with_runs.post(Z)["id_run"] == "2"


def test_the_same_key_with_another_request_is_422(with_runs: Api) -> None:
    headers = {"Idempotency-Key": "k"}
    with_runs.post(Z, headers=headers)
    for path, body in ((f"{Z}/1/augment", None), (Z, {"count": 1}), ("/v1/generate/Al", None)):
        problem = with_runs.problem("POST", path, body, headers=headers)
        assert (problem["status"], problem["code"]) == (422, "idempotency_key_reused")
        assert "'k'" in problem["detail"]


def test_a_batch_returns_all_runs_and_the_fields_of_the_first(with_runs: Api) -> None:
    runs = [
        {"nc": "Zr49Cu49Al2", "id_run": number, "status": "SCHEDULED"} for number in ("1", "2", "3")
    ]
    batch = with_runs.post(Z, {"count": 3}, headers={"Idempotency-Key": "k"})
    assert batch == {**runs[0], "runs": runs}
    assert with_runs.post(Z, {"count": 3}, headers={"Idempotency-Key": "k"}) == batch
    assert [run["id_run"] for run in with_runs.get(AVAILABLE)["Zr49Cu49Al2"]] == ["1", "2", "3"]
    assert with_runs.post(Z, {}) == {"nc": "Zr49Cu49Al2", "id_run": "4", "status": "SCHEDULED"}


def test_a_batch_that_is_too_large_allocates_nothing_and_reports_the_rest(
    with_runs: Api,
) -> None:
    with_runs.post(Z)
    problem = with_runs.problem("POST", Z, {"count": 5})
    assert (problem["status"], problem["code"]) == (404, "nothing_available")
    assert (
        problem["detail"]
        == "4 runs of 'Zr49Cu49Al2' are available, fewer than the 5 requested; nothing was scheduled"
    )
    assert len(with_runs.get(AVAILABLE)["Zr49Cu49Al2"]) == 1


def test_a_page_leads_to_the_next_until_the_last(api: Api) -> None:
    keys = [("Al", 9), ("Al", 10), ("Al2", 1), ("Zr49Cu49Al2", 2), ("Zr49Cu49Al2", 100)]
    add_runs(keys)
    everything = [(nc, str(id_run)) for nc, id_run in keys]
    assert list(pages(api, "?limit=2")) == [everything[:2], everything[2:4], everything[4:]]
    assert list(pages(api, "?limit=5")) == [everything]
    assert list(pages(api, "?limit=1&nc=Al")) == [[("Al", "9")], [("Al", "10")]]


def test_the_total_is_stated_if_the_response_contains_everything(api: Api) -> None:
    add_runs([("Al", number) for number in range(1, 4)])
    assert api.call("GET", AVAILABLE).headers["X-Total-Count"] == "3"
    assert api.call("GET", f"{AVAILABLE}?limit=3").headers["X-Total-Count"] == "3"
    assert api.call("GET", f"{AVAILABLE}?nc=Al2").headers["X-Total-Count"] == "0"
    first = api.call("GET", f"{AVAILABLE}?limit=2")
    assert "X-Total-Count" not in first.headers
    last = api.call("GET", AVAILABLE + str(next_query(first.headers["Link"])))
    assert "X-Total-Count" not in last.headers
    assert "Link" not in last.headers


def test_a_cursor_is_bound_to_its_query(api: Api) -> None:
    add_runs([("Al", 1), ("Al", 2), ("Al2", 1)])
    query = str(next_query(api.call("GET", f"{AVAILABLE}?limit=1&nc=Al").headers["Link"]))
    cursor = parse_qs(query[1:])["cursor"][0]
    for other in ("", "&nc=Al2"):
        problem = api.problem("GET", f"{AVAILABLE}?limit=1&cursor={cursor}{other}")
        assert problem["status"] == 422
        assert "belongs to nc 'Al'" in problem["detail"]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "AAAA", "W10", "é", "a" * 201, "WyJBbCIsIkFsIiwwXQ", "WyJBbCIsIidkcm9wIiwxXQ"],
)
def test_a_cursor_that_the_service_did_not_give_is_refused(api: Api, cursor: str) -> None:
    assert api.problem("GET", f"{AVAILABLE}?limit=1&nc=Al&cursor={cursor}")["status"] == 422


def test_another_spelling_of_a_cursor_is_refused(api: Api) -> None:
    cursor = encode_run_cursor(RunKey(NominalComposition("Al"), 1), NominalComposition("Al"))
    assert len(cursor) % 4  # its last letter has bits that mean nothing
    for other in (cursor + "=", cursor[:-1] + chr(ord(cursor[-1]) + 1)):
        assert api.problem("GET", f"{AVAILABLE}?limit=1&nc=Al&cursor={other}")["status"] == 422


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "1.5", ""])
def test_a_limit_out_of_range_is_refused(api: Api, limit: str) -> None:
    problem = api.problem("GET", f"{AVAILABLE}?limit={limit}")
    assert (problem["status"], problem["code"]) == (422, "invalid_input")
    assert "limit" in problem["detail"]


def test_a_list_that_is_too_large_is_413_and_names_limit(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_runs([("Al", number) for number in range(1, 30)])
    monkeypatch.setattr("chalicelib.api.runs.MAX_RESPONSE_BYTES", 1000)
    problem = api.problem("GET", AVAILABLE)
    assert (problem["status"], problem["code"]) == (413, "answer_too_large")
    assert "limit=" in problem["detail"]
    assert Counter(key for page in pages(api, "?limit=5") for key in page) == {
        ("Al", str(number)): 1 for number in range(1, 30)
    }


def test_a_page_costs_one_query_of_its_own_size_however_many_runs_there_are(
    api: Api, queries: list[dict[str, Any]]
) -> None:
    add_runs([("Al", number) for number in range(1, 120)])
    queries.clear()
    first = api.call("GET", f"{AVAILABLE}?limit=10")
    api.call("GET", AVAILABLE + str(next_query(first.headers["Link"])))
    assert [query["Limit"] for query in queries] == [11, 11]


def test_the_outcomes_of_a_run_stand_in_its_status(with_runs: Api, store: Any) -> None:
    folder = "Zr49Cu49Al2/c/md/lammps/100/1/2000"
    store(
        f"{folder}/0/Zr49Cu49Al2.scf.out",
        b"!    total energy   =  -1.5 Ry\n     convergence has been achieved in  61 iterations\n",
    )
    store(
        f"{folder}/0/Zr49Cu49Al2.lb.out",
        b"setting up CO interactions... found 2 interactions.\nfinished in 1 s\n",
    )
    store(f"{folder}/0/ICOHPLIST.lobster", b"  COHP#\n 1\n 2\n")
    store(f"{folder}/14/Zr49Cu49Al2.scf.out", b"     iteration # 80\n")
    with_runs.post(Z)
    done = {
        "outcome": "DONE", "scf_converged": True, "scf_iterations": 61, "lobster_finished": True, "bonds_expected": 2, "bond_labels": 2,
        "labels_complete": True, "total_energy_ry": -1.5,
    }  # fmt: skip
    status = with_runs.get(f"{Z}/1/status")
    assert set(status) == {
        "id_run",
        "sub_runs",
        "run_scheduled_at",
        "run_status",
        "sub_run_outcomes",
    }
    assert status["sub_run_outcomes"] == {"0": done}
    with_runs.post(f"{Z}/1/augment")
    outcomes = with_runs.get(f"{Z}/1/status")["sub_run_outcomes"]
    assert list(outcomes) == [str(sub_run) for sub_run in range(15)]
    assert outcomes["0"] == done
    assert (outcomes["14"]["outcome"], outcomes["14"]["scf_iterations"]) == (
        "SCF_NOT_CONVERGED",
        80,
    )
    assert {
        outcome["outcome"] for sub_run, outcome in outcomes.items() if sub_run not in ("0", "14")
    } == {"NO_DATA"}
    assert with_runs.get(f"{AVAILABLE}?nc=Zr49Cu49Al2&id_run=1")["sub_run_outcomes"] == outcomes
    store(
        f"{folder}/14/Zr49Cu49Al2.scf.out",
        b"     convergence has been achieved in   9 iterations\n",
    )
    assert (
        with_runs.get(f"{Z}/1/status")["sub_run_outcomes"]["14"]["outcome"]
        == "SCF_CONVERGED_BUT_NO_ICOHP"
    )
