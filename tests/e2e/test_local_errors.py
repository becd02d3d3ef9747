"""Responses that API Gateway would send, from the local server.

Problem documents for unmatched routes too.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from localdev.child_process import start_child_process


@pytest.fixture(scope="module")
def address(aws_environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Start the API. No test here uses its stores."""
    environment = {**os.environ, **aws_environment, "RUN_TABLE": "none", "DATA_BUCKET": "none"}
    with start_child_process("localdev.api_server", "--port", "0", environment=environment) as url:
        yield str(urlsplit(url).hostname), int(urlsplit(url).port or 80)


def call(
    address: tuple[str, int], method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[Any, dict[str, Any]]:
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer secret-token"}])
@pytest.mark.parametrize(
    "path", ["/nothing", "/v1/generate", "/v1/generate/Al/1/2/3/4", "//v1//generate"]
)
def test_an_unknown_path_is_a_404_problem_that_repeats_no_credentials(
    address: tuple[str, int], path: str, headers: dict[str, str]
) -> None:
    response, problem = call(address, "GET", path, headers)
    assert response.status == problem["status"] == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem["code"] == "no_such_route"
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert "secret-token" not in json.dumps(problem)


@pytest.mark.parametrize("method", ["DELETE", "TRACE", "PROPFIND", "QUERY"])
def test_any_other_method_is_a_405_problem(address: tuple[str, int], method: str) -> None:
    response, problem = call(address, method, "/health")
    assert (response.status, problem["code"], response.headers["Allow"]) == (
        405,
        "method_not_allowed",
        "GET",
    )


def test_an_address_that_is_too_long_is_414_from_the_server_itself(
    address: tuple[str, int],
) -> None:
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", "/health?" + "x" * 70_000)
        response = connection.getresponse()
        assert (response.status, response.read()) == (
            414,
            b"",
        )  # the server parses no further, so it renders no document
    finally:
        connection.close()


def test_parallel_requests_keep_their_own_ids_and_values(address: tuple[str, int]) -> None:
    with ThreadPoolExecutor(16) as pool:
        responses = list(
            pool.map(lambda n: call(address, "GET", f"/v1/generate/bad{n}/1/status"), range(64))
        )
    assert all(f"'bad{n}'" in problem["detail"] for n, (_, problem) in enumerate(responses))
    assert all(
        response.headers["X-Request-ID"] == problem["request_id"] for response, problem in responses
    )
    assert len({problem["request_id"] for _, problem in responses}) == 64
