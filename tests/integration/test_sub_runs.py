"""The search for sub-runs by facts, through the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.fact_filters import FILTERS
from tests.support.api import Api
from tests.support.stores import intercept_calls

SEARCH = "/v1/sub-runs"
BONDS = b"COHP#  atomMU  atomNU  distance  translation  ICOHP\n" + (
    b"  1   Al1   Al2   2.50000   0   0   0   -1.00000\n" * 3
)


def put_files(store: Any, nc: str, id_run: int, energies: Mapping[int, str]) -> None:
    """Store converged sub-runs with three labels each."""
    for sub_run, energy in energies.items():
        folder = f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}/"
        output = (
            f"!    total energy   =   {energy} Ry\n convergence has been achieved in  9 iterations"
        )
        store(f"{folder}{nc}.scf.out", output.encode())
        store(f"{folder}{nc}.lb.out", b"setting up CO interactions... found 3\nfinished in 5 s")
        store(f"{folder}ICOHPLIST.lobster", BONDS)


@pytest.fixture
def scheduled(api: Api, store: Any) -> Api:
    """Schedule two compositions, of which only the first was read."""
    put_files(store, "Al2", 1, {0: "-10.50000000", 3: "-10.25000000"})
    put_files(store, "CuZr", 7, {0: "-3.0"})
    api.post("/v1/generate/Al2")
    api.post("/v1/generate/Al2/1/augment", {"sub_runs": ["3", "14"]})
    api.post("/v1/generate/CuZr")
    api.get("/v1/generate/Al2/1/status")
    return api


def names(page: Any) -> list[tuple[str, str, str]]:
    return [(row["nc"], row["id_run"], row["sub_run"]) for row in page["sub_runs"]]


def test_rows_have_the_facts_of_their_files(scheduled: Api) -> None:
    status = scheduled.get("/v1/generate/Al2/1/status")
    page = scheduled.get(f"{SEARCH}?nc=Al2&outcome=DONE&deformation=shear")
    assert page == {
        "sub_runs": [
            {
                "nc": "Al2",
                "id_run": "1",
                "sub_run": "3",
                "deformation": "shear",
                "outcome": "DONE",
                "labels_complete": True,
                "bond_labels": 3,
                "bonds_expected": 3,
                "scf_iterations": 9,
                "total_energy_ry": -10.25,
                "energy_above_reference_ry": 0.25,
                "scheduled_at": status["sub_runs_scheduled_at"],
            }
        ],
        "unindexed": 0,
        "next_cursor": None,
    }


def test_sub_runs_without_files_are_rows_without_facts(scheduled: Api) -> None:
    (row,) = scheduled.get(f"{SEARCH}?outcome=NO_DATA")["sub_runs"]
    assert (row["sub_run"], row["deformation"]) == ("14", "isotropic")
    assert row["bond_labels"] is row["total_energy_ry"] is row["energy_above_reference_ry"] is None


def test_what_was_not_read_yet_is_counted(scheduled: Api) -> None:
    page = scheduled.get(SEARCH)
    assert (names(page), page["unindexed"]) == (
        [("Al2", "1", "0"), ("Al2", "1", "3"), ("Al2", "1", "14")],
        1,
    )
    assert scheduled.get(f"{SEARCH}?outcome=DONE&bond_labels_min=999")["unindexed"] == 1
    assert scheduled.get(f"{SEARCH}?elements=Al")["unindexed"] == 0
    assert scheduled.get(f"{SEARCH}?sub_run=1-14")["unindexed"] == 0
    assert scheduled.get(f"{SEARCH}?scheduled_after=2999-01-01T00:00:00Z")["unindexed"] == 0

    scheduled.get("/v1/generate/CuZr/7/status")
    page = scheduled.get(f"{SEARCH}?elements=Zr,Cu")
    assert (names(page), page["unindexed"]) == ([("CuZr", "7", "0")], 0)


def test_changed_files_are_found_by_their_new_facts_once_they_are_read(
    scheduled: Api, store: Any
) -> None:
    put_files(store, "Al2", 1, {3: "-9.0"})
    assert names(scheduled.get(f"{SEARCH}?total_energy_ry_min=-9")) == []
    scheduled.get("/v1/generate/Al2/1/status")
    assert names(scheduled.get(f"{SEARCH}?total_energy_ry_min=-9")) == [("Al2", "1", "3")]


def test_cached_facts_are_read_at_half_the_cost(scheduled: Api) -> None:
    consistent: dict[str, bool] = {}

    def note(_: Any, name: str, arguments: Mapping[str, Any]) -> None:
        assert name == "Query"
        partition = arguments["ExpressionAttributeValues"][":pk"]["S"]
        consistent[partition] = arguments["ConsistentRead"]

    with pytest.MonkeyPatch.context() as patch:
        intercept_calls(patch, note)
        scheduled.get(SEARCH)
    assert consistent == {"RUN": True, "OUTCOMES": False}


def test_the_next_page_continues_within_a_run(scheduled: Api) -> None:
    found: list[tuple[str, str, str]] = []
    unindexed = 0
    query = "?limit=1&labels_complete=true"
    while query:
        response: HTTPResponse = scheduled.call("GET", SEARCH + query)
        page = json.loads(response.body)
        found += names(page)
        unindexed += page["unindexed"]
        link = response.headers.get("Link")
        assert (link is None) == (page["next_cursor"] is None)
        if link:
            assert f"cursor={page['next_cursor']}" in link and "labels_complete=true" in link
        query = link.removeprefix("<").partition(">")[0] if link else ""
    assert (found, unindexed) == ([("Al2", "1", "0"), ("Al2", "1", "3")], 1)


def test_every_filter_is_a_query_parameter(scheduled: Api) -> None:
    query = urlencode(
        {name: json.dumps(field.example).strip('"') for name, field in FILTERS.items()}
    )
    page = scheduled.get(f"{SEARCH}?{query}")
    assert page == {"sub_runs": [], "unindexed": 0, "next_cursor": None}


INVALID = [
    ("nc=al", "query parameter nc 'al' is invalid; expected nominal compositions"),
    ("outcome=done", "'done' is invalid; expected outcomes (NO_DATA, SCF_NOT"),
    ("labels_complete=maybe", "expected true or false"),
    ("bond_labels_min=-1", "-1' is invalid; expected least number of bond labels"),
    ("scheduled_after=2026-01-01", "invalid scheduled_after '2026-01-01'; expected scheduled"),
    ("total_energy_ry_min=nan", "invalid total_energy_ry_min nan; expected least total"),
    ("limit=0", "expected an integer from 1 to 1000"),
    ("cursor=abc", "invalid cursor 'abc'; start again without a cursor"),
]


def test_invalid_parameters_are_reported(api: Api) -> None:
    for query, detail in INVALID:
        problem = api.problem("GET", f"{SEARCH}?{query}")
        assert problem["code"] == "invalid_input"
        assert detail in problem["detail"]


def test_an_unknown_parameter_is_reported(api: Api) -> None:
    problem = api.problem("GET", f"{SEARCH}?energy=1")
    assert problem["status"] == 400
    assert "unknown query parameter 'energy'; expected one of 'nc', 'elements'" in problem["detail"]
