"""The authorizer behind API Gateway, which caches its result for each token."""

from __future__ import annotations

import secrets

from chalicelib.api.middleware import PUBLIC_ROUTES
from chalicelib.domain.tokens import Scope
from localdev.gateway_event import build_event
from tests.e2e.deployment.conftest import Deployed
from tests.e2e.deployment.test_boot import send


def routes(deployed: Deployed) -> list[tuple[str, str]]:
    paths = deployed.gateway.definition["paths"]
    names = {"name": "x", "dataset": "x", "version": "x", "other": "x", "content_id": "x"}
    variables = {"nc": "Zr49Cu49Al2", "id_run": "21", "sub_run": "0", **names}
    return [
        (method.upper(), path.format(**variables))
        for path in paths
        if path not in PUBLIC_ROUTES
        for method in paths[path]
    ]


def test_a_cached_result_allows_every_path_of_its_scope_and_no_other(deployed: Deployed) -> None:
    token = deployed.tokens[Scope.READ]
    calls = deployed.gateway.authorizer_calls
    for method, path in sorted(
        routes(deployed)
    ):  # reading first: its result is cached when scheduling is tried
        status, _, problem = send(deployed, method, path, token)
        if method == "GET":
            assert status not in (401, 403), (method, path)
        else:
            assert (status, problem["code"]) == (403, "forbidden"), (method, path)
            is_admin = method != "POST" or path.endswith("/advisories")
            required = "admin" if is_admin else "schedule"
            assert (
                problem["detail"]
                == f"this token has the scope 'read'; this {method} requires {required!r}"
            )
    assert deployed.gateway.authorizer_calls <= calls + 1


def test_protected_routes_refuse_missing_and_wrong_tokens(deployed: Deployed) -> None:
    wrong = f"dataops_{'a' * 12}_{secrets.token_urlsafe(32)}"
    for method, path in routes(deployed):
        status, headers, problem = send(deployed, method, path)
        assert (status, problem["code"], headers["Content-Type"]) == (
            401,
            "invalid_token",
            "application/problem+json",
        )
        assert headers["WWW-Authenticate"].startswith("Bearer ")
        status, headers, problem = send(deployed, method, path, wrong)
        assert (status, problem["code"], headers["Content-Type"]) == (
            401,
            "invalid_token",
            "application/problem+json",
        )
        assert headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_request_that_reached_the_function_past_the_authorizer_is_refused(
    deployed: Deployed,
) -> None:
    event = build_event(
        "GET",
        "/v1/compositions",
        headers={"authorization": f"Bearer {deployed.tokens[Scope.ADMIN]}"},
    )
    assert deployed.functions["APIHandler"].invoke(event)["statusCode"] == 401


def test_public_routes_do_not_call_the_authorizer(deployed: Deployed) -> None:
    calls = deployed.gateway.authorizer_calls
    for path in ("/", "/docs", "/openapi.json", "/health"):
        assert send(deployed, "GET", path)[0] == 200
    assert deployed.gateway.authorizer_calls == calls
