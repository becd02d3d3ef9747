"""An API Gateway that serves HTTP and invokes functions with the events of a REST API.

It implements the parts of a deployment template that the API uses: routes, the token authorizer
with cached results, and gateway responses. A fixed path segment takes precedence over a variable,
without backtracking. Functions are invoked one at a time.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from app import app
from chalicelib.api.gateway_responses import build_gateway_responses
from localdev.gateway_event import build_event
from localdev.lambda_runtime import FunctionError

Invoke = Callable[[Any], Any]
_ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/api"


class _GatewayResponse(Exception):
    """One of the gateway's own responses; `status` is its default status."""

    def __init__(self, response: str, status: int) -> None:
        super().__init__(response)
        self.response, self.status = response, status


@dataclass
class Gateway:
    """The API of a template. `authorizer_calls` counts the invocations of the authorizer."""

    definition: Mapping[str, Any]
    handler: Invoke
    authorizer: Invoke | None = None
    stage: str = "api"
    clock: Callable[[], float] = time.monotonic
    authorizer_calls: int = 0
    _cache: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a request; `target` includes stage and query."""
        request_id = str(uuid.uuid4())
        try:
            return self._invoke(method, target, headers, body, request_id)
        except _GatewayResponse as response:
            return self._gateway_response(response, request_id)

    def _invoke(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, request_id: str
    ) -> tuple[int, dict[str, str], bytes]:
        url = urlsplit(target)
        prefix = f"/{self.stage}"
        if not url.path.startswith(f"{prefix}/"):
            raise _GatewayResponse("MISSING_AUTHENTICATION_TOKEN", 403)
        path = url.path.removeprefix(prefix)
        route, variables = self._match_route(path)
        operation = self.definition["paths"].get(route, {}).get(method.lower()) if route else None
        if route is None or operation is None:
            raise _GatewayResponse("MISSING_AUTHENTICATION_TOKEN", 403)
        context = _build_context(request_id)
        if operation.get("security"):
            context["authorizer"] = self._authorize(method, path, headers, operation["security"])
        event = build_event(
            method,
            path,
            route,
            variables,
            query=url.query,
            headers=headers,
            body=body,
            prefix=prefix,
            context=context,
        )
        with self._lock:
            try:
                result = self.handler(event)
            except FunctionError as error:
                raise (
                    _GatewayResponse("INTEGRATION_TIMEOUT", 504)
                    if error.kind == "Sandbox.Timedout"
                    else _GatewayResponse("DEFAULT_5XX", 502)
                ) from error
        if (
            not isinstance(result, dict)
            or not isinstance(result.get("statusCode"), int)
            or not isinstance(result.get("body", ""), str)
        ):
            raise _GatewayResponse("DEFAULT_5XX", 502)
        sent = dict(result.get("headers") or {}) | {
            name: values[-1] for name, values in (result.get("multiValueHeaders") or {}).items()
        }
        return result["statusCode"], sent, (result.get("body") or "").encode()

    def _match_route(self, path: str) -> tuple[str | None, dict[str, str]]:
        segments = path.rstrip("/").split("/")[1:]
        routes = [route.rstrip("/").split("/")[1:] for route in self.definition["paths"]]
        chosen: list[str] = []
        for index, segment in enumerate(segments):
            following = {
                route[index] for route in routes if len(route) > index and route[:index] == chosen
            }
            if segment in following:
                chosen.append(segment)
            elif segment and (
                variable := next((name for name in following if name.startswith("{")), None)
            ):
                chosen.append(variable)
            else:
                return None, {}
        if chosen not in routes:
            return None, {}
        variables = {
            name.strip("{}"): unquote(value)
            for name, value in zip(chosen, segments, strict=True)
            if name.startswith("{")
        }
        return "/" + "/".join(chosen), variables

    def _authorize(
        self, method: str, path: str, headers: Mapping[str, str], security: list[dict[str, Any]]
    ) -> dict[str, Any]:
        assert self.authorizer, "the definition names an authorizer"
        (name,) = security[0]
        definition = self.definition["securityDefinitions"][name]
        token = headers.get(definition["name"].lower())
        if not token:
            raise _GatewayResponse("UNAUTHORIZED", 401)
        arn = f"{_ARN}/{method}{path}"
        expires, result = self._cache.get(token, (0.0, None))
        if self.clock() >= expires:
            self.authorizer_calls += 1
            event = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
            try:
                result = self.authorizer(event)
            except FunctionError as error:
                raise _GatewayResponse("AUTHORIZER_FAILURE", 500) from error
            lifetime = definition["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"]
            self._cache[token] = (self.clock() + lifetime, result)
        if not allows(result["policyDocument"], arn):
            raise _GatewayResponse("ACCESS_DENIED", 403)
        return {
            **result.get("context", {}),
            "principalId": result["principalId"],
            "integrationLatency": 0,
        }

    def _gateway_response(
        self, kind: _GatewayResponse, request_id: str
    ) -> tuple[int, dict[str, str], bytes]:
        response = self.definition["x-amazon-apigateway-gateway-responses"][kind.response]
        headers = {}
        for name, value in response["responseParameters"].items():
            text = request_id if value == "context.requestId" else value.strip("'")
            headers[name.removeprefix("gatewayresponse.header.")] = text
        body = response["responseTemplates"]["application/json"].replace(
            "$context.requestId", request_id
        )
        return int(response.get("statusCode", kind.status)), headers, body.encode()


@contextmanager
def serve_gateway(gateway: Gateway) -> Iterator[str]:
    """Serve the gateway on a loopback port and yield the URL of its stage."""

    def handle(request: Request) -> Response:
        status, headers, body = gateway.respond(
            request.method,
            request.environ["REQUEST_URI"],
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
        )
        response = Response(body, status, headers)
        response.automatically_set_content_length = True
        return response

    with HTTPServer(threaded=True) as server:
        server.expect_request(re.compile("")).respond_with_handler(handle)
        yield f"http://127.0.0.1:{server.port}/{gateway.stage}"


def gateway_of_app(stage: str) -> Gateway:
    """Return an open gateway in front of the app of this process."""
    definition = {
        "paths": {
            path: {method.lower(): {} for method in methods} for path, methods in app.routes.items()
        },
        "x-amazon-apigateway-gateway-responses": build_gateway_responses("token"),
    }
    return Gateway(definition, lambda event: app(event, None), stage=stage)


def allows(policy: Mapping[str, Any], arn: str) -> bool:
    """Return True if a policy allows the resource and does not deny it."""
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if any(
            re.fullmatch(re.escape(resource).replace(r"\*", ".*").replace(r"\?", "."), arn)
            for resource in statement["Resource"]
        )
    }
    return effects == {"Allow"}


def _build_context(request_id: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "extendedRequestId": "XoPF6GFFoAMFj3Q=",
        "identity": {
            "sourceIp": "127.0.0.1",
            "userAgent": "test",
            "userArn": None,
            "accessKey": None,
        },
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": "abc123",
    }
