"""Answers of the stores that break off in the middle: botocore's last word on them is not to be believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.api import Api, serving
from tests.support.fault_proxy import Faults, fault_proxy


class AlwaysCut(Faults):
    """Every answer is cut, once it is switched on."""

    def next(self) -> str | None:
        return "truncate" if self.rate else None


@pytest.fixture
def faults() -> Faults:
    return AlwaysCut()


@pytest.fixture
def cut(environment: dict[str, str], faults: Faults) -> Iterator[Api]:
    s3, dynamodb = environment["AWS_ENDPOINT_URL_S3"], environment["AWS_ENDPOINT_URL_DYNAMODB"]
    with (
        fault_proxy(s3, faults) as s3_proxy,
        fault_proxy(dynamodb, faults) as dynamodb_proxy,
        serving(environment | {"AWS_ENDPOINT_URL_S3": s3_proxy, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_proxy}) as api,
    ):
        yield api


PATHS = ["/v1/generate/Al2/1/status", "/v1/generate/available", "/v1/compositions", "/v1/generate/Al2/1/0/download"]


@pytest.mark.parametrize("path", PATHS)
def test_half_an_answer_is_none(cut: Api, faults: Faults, store: object, path: str) -> None:
    store("Al2/c/md/lammps/100/1/2000/0/a")  # type: ignore[operator]
    cut.post("/v1/generate/Al2")
    cut.get(path)
    faults.rate = 1.0
    assert cut.problem("GET", path)["status"] == 503
    faults.rate = 0.0
    cut.get(path)
