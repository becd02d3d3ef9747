"""The package starts as in Lambda, and every route of its template responds through a gateway."""

from __future__ import annotations

import hashlib
import json
import socket
import urllib.error
import urllib.request
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from dataops_client import DataOpsClient, NothingAvailable

from chalicelib.domain.tokens import Scope
from localdev.lambda_runtime import MISSING_LAMBDA_EMULATOR, FunctionError, function
from localdev.paths import ROOT
from tests.e2e.deployment.conftest import Deployed, Package
from tests.support.api_gateway import Gateway
from tests.support.expected_files import extracted_files, sub_run_files

NC = "Zr49Cu49Al2"


def send(
    deployed: Deployed, method: str, path: str, token: str | None = None, body: Any = None
) -> tuple[int, Any, Any]:
    """Return status, headers and content of a response, without following redirects."""
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    content = json.dumps(body).encode() if body is not None else b"" if method == "POST" else None
    request = urllib.request.Request(
        deployed.url + path, data=content, method=method, headers=headers
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request) as response:
            status, given, text = response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        status, given, text = error.code, error.headers, error.read()
    return (
        status,
        given,
        json.loads(text) if "json" in given.get("Content-Type", "") and text else text,
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def test_the_client_does_the_whole_job_through_gateway_and_functions(
    deployed: Deployed, tmp_path: Path
) -> None:
    with DataOpsClient(deployed.url, token=deployed.tokens[Scope.SCHEDULE]) as client:
        with suppress(NothingAvailable):  # another test may have come first
            assert client.generate(NC).id_run == "21"
        client.augment(NC, "21")
        for sub_run in ("0", "3", "13"):
            client.download(NC, "21", sub_run, tmp_path)
        assert [run.id_run for run in client.available()[NC]] == ["21"]
    wanted = {
        name: content
        for name, content in sub_run_files(ROOT / "data").items()
        if name.split("/")[:2] == [NC, "21"]
    }
    wanted = {
        name: content for name, content in wanted.items() if name.split("/")[2] in ("0", "3", "13")
    }
    assert extracted_files(tmp_path) == wanted


def test_every_route_of_the_template_responds(deployed: Deployed) -> None:
    token = deployed.tokens[Scope.SCHEDULE]
    assert send(deployed, "POST", "/v1/generate/Zr50Cu40Al10", token)[0] == 200
    (run,) = send(deployed, "GET", "/v1/generate/available?nc=Zr50Cu40Al10", token)[2][
        "Zr50Cu40Al10"
    ]
    dataset = {
        "name": "boot",
        "title": "Boot",
        "items": [{"nc": "Zr50Cu40Al10", "id_run": run["id_run"], "sub_runs": ["0"]}],
    }
    while (created := send(deployed, "POST", "/v1/datasets", token, dataset))[0] == 202:
        pass  # the builder function stores the files
    assert created[0] == 201, created
    page = send(deployed, "GET", "/")[2].decode()
    docs = send(deployed, "GET", "/docs")[2].decode()
    values = {
        "/page/{version}/{name}": {
            "version": page.split("/page/")[1].split("/")[0],
            "name": "app.js",
        },
        "/docs/{version}/{name}": {
            "version": docs.split("/docs/")[1].split("/")[0],
            "name": "swagger-ui.css",
        },
    }
    for route, operations in deployed.gateway.definition["paths"].items():
        for method in operations:
            variables = {
                "nc": "Zr50Cu40Al10",
                "id_run": run["id_run"],
                "sub_run": "0",
                "name": "ICOHPLIST.lobster",
                "dataset": "boot",
                "version": created[2]["version"],
                "other": "latest",
                "content_id": created[2]["content_id"],
            } | values.get(route, {})
            path = route.format(**variables)
            if method != "get":
                continue  # what they change is tested above, and elsewhere
            status, headers, content = send(deployed, method.upper(), path, token)
            assert status in (200, 202), (method, path, content)
            assert headers["X-Request-ID"] or route.startswith(("/docs/", "/page/")), path


def test_a_large_archive_is_built_by_the_builder_s_function(deployed: Deployed) -> None:
    token = deployed.tokens[Scope.SCHEDULE]
    scheduled = {
        run["id_run"]
        for run in send(deployed, "GET", f"/v1/generate/available?nc={NC}", token)[2].get(NC, [])
    }
    if "21" not in scheduled:
        assert send(deployed, "POST", f"/v1/generate/{NC}", token)[2]["id_run"] == "21"
    assert send(deployed, "POST", f"/v1/generate/{NC}/21/augment", token)[0] == 200
    status, headers, building = send(
        deployed, "GET", f"/v1/generate/{NC}/21/download?profile=essential", token
    )
    if status == 202:
        assert headers["Retry-After"].isdecimal()
        assert building["status"] == "BUILDING"
        status, _, link = send(
            deployed, "GET", f"/v1/generate/{NC}/21/download?profile=essential&wait=20", token
        )
        assert status == 200
    else:
        link = building
    with urllib.request.urlopen(link["download_url"]) as response:
        content = response.read()
    assert hashlib.sha256(content).hexdigest() == link["sha256"]
    assert f"{NC}_21.zip" == link["filename"]


def test_the_builder_fails_on_a_request_that_it_cannot_parse(
    deployed: Deployed,
) -> None:
    with pytest.raises(FunctionError):
        deployed.functions["Builder"].invoke({"nonsense": True})


def test_an_unknown_path_is_a_404_problem_of_the_gateway(deployed: Deployed) -> None:
    status, headers, problem = send(deployed, "GET", "/v1/nothing", deployed.tokens[Scope.READ])
    assert (status, problem["code"], headers["Content-Type"]) == (
        404,
        "no_such_route",
        "application/problem+json",
    )
    assert problem["request_id"] == headers["X-Request-ID"]


def test_no_function_takes_half_the_memory_that_it_is_given(
    deployed: Deployed, dev_package: Package
) -> None:
    assert send(deployed, "GET", "/v1/compositions", deployed.tokens[Scope.READ])[0] == 200
    assert deployed.functions["APIHandler"].peak_memory_bytes() > 0
    for resource, used in deployed.functions.items():
        assert (
            used.peak_memory_bytes() < dev_package.properties(resource)["MemorySize"] * 2**20 / 2
        ), resource


def test_the_first_response_is_within_the_timeout_of_the_gateway(cold_starts: list[float]) -> None:
    assert max(cold_starts) < 29


@pytest.fixture
def silence() -> Any:
    """Return the URL of a server that accepts connections and never responds."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.skipif(MISSING_LAMBDA_EMULATOR is not None, reason=MISSING_LAMBDA_EMULATOR or "")
def test_a_request_that_outlasts_the_function_is_a_504_problem(
    dev_package: Package, aws_environment: dict[str, str], silence: str, tmp_path: Path
) -> None:
    environment = {
        **aws_environment,
        "AWS_ENDPOINT_URL_DYNAMODB": silence,
        "RUN_TABLE": "none",
        "DATA_BUCKET": "none",
        "AUTH": "token",
    }
    with function(
        dev_package.folder,
        "app.app",
        environment,
        tmp_path,
        timeout_seconds=3,
        memory_mb=512,
        log=tmp_path / "log",
    ) as slow:
        gateway = Gateway(
            dev_package.properties("RestAPI")["DefinitionBody"], slow.invoke, slow.invoke
        )
        status, headers, body = gateway.respond("GET", "/api/health", {}, b"")
    problem = json.loads(body)
    assert (status, problem["code"], headers["Retry-After"]) == (504, "timeout", "2")


def test_the_package_contains_runtime_files_only(dev_package: Package) -> None:
    with zipfile.ZipFile(dev_package.zip) as archive:
        names = {name.split("/")[0] for name in archive.namelist()}
    assert not names & {
        "tests",
        "tools",
        "client",
        "data",
        "bench",
        "docs",
        "requirements.txt",
        ".chalice",
        "vendor",
    }
