"""Scheduling, augmentation, status and listing, as callers see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import Api, serving

Store = Callable[..., None]


def test_the_first_run_is_the_lowest_number_in_the_bucket(api: Api, store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/100/2000/0/a")
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    assert api.post("/v1/generate/Zr49Cu49Al2") == {
        "nc": "Zr49Cu49Al2",
        "id_run": "21",
        "status": "SCHEDULED",
    }
    assert api.post("/v1/generate/Zr49Cu49Al2")["id_run"] == "100"
    assert api.problem("POST", "/v1/generate/Zr49Cu49Al2")["code"] == "nothing_available"


def test_a_run_without_sub_run_0_is_not_available(api: Api, store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/1/2000/3/a")
    store("Zr49Cu49Al2/c/md/lammps/100/2/2000/0/a")
    store("Zr49Cu49Al2/c/md/lammps/100/readme.txt")
    store("Zr49Cu49Al2/c/md/lammps/100/007/2000/0/a")
    assert api.post("/v1/generate/Zr49Cu49Al2")["id_run"] == "2"
    assert api.problem("POST", "/v1/generate/Zr49Cu49Al2")["status"] == 404


def test_a_composition_is_not_taken_for_another_that_it_begins(api: Api, store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/1/2000/0/a")
    assert (
        api.problem("POST", "/v1/generate/Zr49Cu49Al")["detail"]
        == "nominal composition 'Zr49Cu49Al' has no runs in the data bucket; list the "
        "compositions to see which have data"
    )


def test_data_under_a_prefix_are_found(environment: dict[str, str], store: Store) -> None:
    store("ML/big-data-full/Zr49Cu49Al2/c/md/lammps/100/5/2000/0/a")
    with serving(environment | {"DATA_PREFIX": "ML/big-data-full/"}) as api:
        assert api.post("/v1/generate/Zr49Cu49Al2")["id_run"] == "5"
        assert api.get("/v1/generate/Zr49Cu49Al2/5/0/manifest")["files"][0]["name"] == "a"


def test_a_run_is_listed_and_augmented_in_the_contract_s_form(api: Api, store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    api.post("/v1/generate/Zr49Cu49Al2")
    [run] = api.get("/v1/generate/available")["Zr49Cu49Al2"]
    assert list(run) == ["id_run", "sub_runs", "run_scheduled_at"]
    assert run["sub_runs"] == ["0"]
    assert run["run_scheduled_at"].endswith("+00:00")
    assert api.post("/v1/generate/Zr49Cu49Al2/21/augment") == {
        "nc": "Zr49Cu49Al2",
        "id_run": "21",
        "status": "SCHEDULED",
    }
    [augmented] = api.get("/v1/generate/available?nc=Zr49Cu49Al2")["Zr49Cu49Al2"]
    assert augmented["sub_runs"] == [str(sub_run) for sub_run in range(15)]
    assert augmented["sub_runs_scheduled_at"].endswith("+00:00")
    api.post("/v1/generate/Zr49Cu49Al2/21/augment")
    assert api.get("/v1/generate/available")["Zr49Cu49Al2"] == [augmented]


def test_some_sub_runs_may_be_named(api: Api, store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    api.post("/v1/generate/Zr49Cu49Al2")
    api.post("/v1/generate/Zr49Cu49Al2/21/augment", {"sub_runs": ["10", "2"]})
    assert api.get("/v1/generate/available")["Zr49Cu49Al2"][0]["sub_runs"] == ["0", "2", "10"]


def test_jobs_run_and_are_done_by_the_simulated_hpc(
    environment: dict[str, str], store: Store
) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    with serving(environment) as api:
        api.post("/v1/generate/Zr49Cu49Al2")
        status = api.get("/v1/generate/Zr49Cu49Al2/21/status")
        assert status["run_status"] == "RUNNING"
        assert "sub_runs_status" not in status
        api.post("/v1/generate/Zr49Cu49Al2/21/augment")
        assert api.get("/v1/generate/Zr49Cu49Al2/21/status")["sub_runs_status"] == "RUNNING"
    with serving(environment | {"JOB_RUN_TIME_SECONDS": "0"}) as api:
        status = api.get("/v1/generate/Zr49Cu49Al2/21/status")
        assert (status["run_status"], status["sub_runs_status"]) == ("DONE", "DONE")
        listed = api.get("/v1/generate/available?nc=Zr49Cu49Al2&id_run=21")
        assert listed["run_status"] == "DONE"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/generate/zr49", None, 422),
        ("POST", "/v1/generate/Zr4900", None, 422),
        ("POST", "/v1/generate/Zr%D9%A3", None, 422),
        ("POST", "/v1/generate/ZrCuAlZrCuAlZrCuAl", None, 422),
        ("POST", "/v1/generate/Zr49Cu49Al2%0A", None, 422),
        ("POST", "/v1/generate/Zr49Cu49Al2?force=1", None, 400),
        ("POST", "/v1/generate/Zr49Cu49Al2", b"{", 400),
        ("POST", "/v1/generate/Zr49Cu49Al2", b"\xff\xfe", 400),
        ("POST", "/v1/generate/Zr49Cu49Al2", b"[]", 422),
        ("POST", "/v1/generate/Zr49Cu49Al2/21/augment", {"sub_runs": []}, 422),
        ("POST", "/v1/generate/Zr49Cu49Al2/21/augment", {"sub_runs": ["0"]}, 422),
        ("POST", "/v1/generate/Zr49Cu49Al2/21/augment", {"sub_runs": ["15"]}, 422),
        ("POST", "/v1/generate/Zr49Cu49Al2/21/augment", {"sub_runs": [1]}, 422),
        ("POST", "/v1/generate/Zr49Cu49Al2/21/augment", {"subruns": ["1"]}, 422),
        ("POST", "/v1/generate/Zr49Cu49Al2/21/augment", b" " * (64 * 1024 + 1), 413),
        ("POST", "/v1/generate/Zr49Cu49Al2/22/augment", None, 404),
        ("POST", "/v1/generate/Zr49Cu49Al2/021/augment", None, 422),
        ("GET", "/v1/generate/Zr49Cu49Al2/-1/status", None, 422),
        ("GET", "/v1/generate/Zr49Cu49Al2/1e3/status", None, 422),
        ("GET", "/v1/generate/Zr49Cu49Al2/9999999999/status", None, 422),
        ("GET", "/v1/generate/Zr49Cu49Al2/22/status", None, 404),
        ("GET", "/v1/generate/available?id_run=21", None, 422),
        ("GET", "/v1/generate/available?nc=Zr49Cu49Al2&nc=Zr1", None, 400),
        ("GET", "/v1/generate/available?NC=Zr49Cu49Al2", None, 400),
    ],
)
def test_a_bad_request_is_a_problem_and_changes_nothing(
    api: Api, store: Store, method: str, path: str, body: Any, status: int
) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    store("Zr49Cu49Al2/c/md/lammps/100/23/2000/0/a")
    api.post("/v1/generate/Zr49Cu49Al2")
    before = api.get("/v1/generate/available")
    assert api.problem(method, path, body)["status"] == status
    assert api.get("/v1/generate/available") == before


def test_a_body_that_is_not_json_is_refused_by_its_type(api: Api) -> None:
    problem = api.problem(
        "POST",
        "/v1/generate/Zr49Cu49Al2/21/augment",
        b"sub_runs=1",
        headers={"Content-Type": "text/plain"},
    )
    assert problem["status"] == 415


def test_an_unresponsive_table_is_503_with_retry_after(environment: dict[str, str]) -> None:
    with serving(environment | {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}) as api:
        response = api.call("GET", "/v1/generate/available")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        assert (
            api.problem("GET", "/health")["detail"]
            == "the run table does not respond (EndpointConnectionError)"
        )


def test_health_is_ok_if_both_stores_respond(api: Api) -> None:
    assert api.get("/health") == {"status": "ok"}
