"""A small API Gateway: HTTP in front, events of a REST API behind, for the API that a deployment template defines.

It does what the template says: routes (the fixed name wins over a variable, and there is no way back), the token authorizer with its
answers remembered, and the gateway responses. Functions are called one by one.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.lambda_runtime import FunctionError

Invoke = Callable[[Any], Any]
_ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/api"


class _Refused(Exception):
    """The gateway answers itself: with one of its responses, and this status where the template leaves it to the gateway."""

    def __init__(self, response: str, status: int) -> None:
        super().__init__(response)
        self.response, self.status = response, status


@dataclass
class Gateway:
    """The API of a template. `asked` counts how often the authorizer had to be asked."""

    definition: Mapping[str, Any]
    handler: Invoke
    authorizer: Invoke
    stage: str = "api"
    asked: int = 0
    _remembered: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to a request for the path and query `target`, stage included."""
        request_id = str(uuid.uuid4())
        try:
            return self._passed_on(method, target, headers, body, request_id)
        except _Refused as refused:
            return self._own_answer(refused, request_id)

    def _passed_on(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, request_id: str
    ) -> tuple[int, dict[str, str], bytes]:
        url = urlsplit(target)
        prefix = f"/{self.stage}"
        if not url.path.startswith(f"{prefix}/"):
            raise _Refused("MISSING_AUTHENTICATION_TOKEN", 403)
        path = url.path.removeprefix(prefix)
        route, variables = self._route(path)
        operation = self.definition["paths"].get(route, {}).get(method.lower()) if route else None
        if route is None or operation is None:
            raise _Refused("MISSING_AUTHENTICATION_TOKEN", 403)
        context = self._context(method, prefix, path, route, request_id)
        if operation.get("security"):
            context["authorizer"] = self._authorized(method, path, headers, operation["security"])
        event = _event(method, path, route, variables, url.query, headers, body, context)
        with self._turn:
            try:
                result = self.handler(event)
            except FunctionError as error:
                raise (
                    _Refused("INTEGRATION_TIMEOUT", 504)
                    if error.kind == "Sandbox.Timedout"
                    else _Refused("DEFAULT_5XX", 502)
                ) from error
        if (
            not isinstance(result, dict)
            or not isinstance(result.get("statusCode"), int)
            or not isinstance(result.get("body", ""), str)
        ):
            raise _Refused("DEFAULT_5XX", 502)
        sent = dict(result.get("headers") or {}) | {
            name: values[-1] for name, values in (result.get("multiValueHeaders") or {}).items()
        }
        return result["statusCode"], sent, (result.get("body") or "").encode()

    def _route(self, path: str) -> tuple[str | None, dict[str, str]]:
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

    def _authorized(
        self, method: str, path: str, headers: Mapping[str, str], security: list[dict[str, Any]]
    ) -> dict[str, Any]:
        (name,) = security[0]
        definition = self.definition["securityDefinitions"][name]
        token = headers.get(definition["name"].lower())
        if not token:
            raise _Refused("UNAUTHORIZED", 401)
        arn = f"{_ARN}/{method}{path}"
        until, answer = self._remembered.get(token, (0.0, None))
        if time.monotonic() >= until:
            self.asked += 1
            event = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
            try:
                answer = self.authorizer(event)
            except FunctionError as error:
                raise _Refused("AUTHORIZER_FAILURE", 500) from error
            lifetime = definition["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"]
            self._remembered[token] = (time.monotonic() + lifetime, answer)
        if not allows(answer["policyDocument"], arn):
            raise _Refused("ACCESS_DENIED", 403)
        return {
            **answer.get("context", {}),
            "principalId": answer["principalId"],
            "integrationLatency": 0,
        }

    def _context(
        self, method: str, prefix: str, path: str, route: str, request_id: str
    ) -> dict[str, Any]:
        now = time.time()
        return {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "extendedRequestId": "XoPF6GFFoAMFj3Q=",
            "httpMethod": method,
            "identity": {
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
                "userArn": None,
                "accessKey": None,
            },
            "path": prefix + path,
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": int(now * 1000),
            "resourceId": "abc123",
            "resourcePath": route,
            "stage": self.stage,
        }

    def _own_answer(self, refused: _Refused, request_id: str) -> tuple[int, dict[str, str], bytes]:
        response = self.definition["x-amazon-apigateway-gateway-responses"][refused.response]
        headers = {}
        for name, value in response["responseParameters"].items():
            text = request_id if value == "context.requestId" else value.strip("'")
            headers[name.removeprefix("gatewayresponse.header.")] = text
        body = response["responseTemplates"]["application/json"].replace(
            "$context.requestId", request_id
        )
        return int(response.get("statusCode", refused.status)), headers, body.encode()


@contextmanager
def listening(gateway: Gateway) -> Iterator[str]:
    """The address of the gateway's stage, while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = gateway.answer(
                self.command,
                self.path,
                {name.lower(): value for name, value in self.headers.items()},
                body,
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{gateway.stage}"
        finally:
            server.shutdown()
            thread.join()


def allows(policy: Mapping[str, Any], arn: str) -> bool:
    """Whether an authorizer's policy allows `execute-api:Invoke` on the resource: some statement does, and none denies it."""
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if any(
            re.fullmatch(re.escape(resource).replace(r"\*", ".*").replace(r"\?", "."), arn)
            for resource in statement["Resource"]
        )
    }
    return effects == {"Allow"}


def _event(
    method: str,
    path: str,
    route: str,
    variables: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    context: Mapping[str, Any],
) -> dict[str, Any]:
    pairs = parse_qsl(query, keep_blank_values=True)
    repeated: dict[str, list[str]] = {}
    for name, value in pairs:
        repeated.setdefault(name, []).append(value)
    return {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers) or None,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} or None,
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": repeated or None,
        "pathParameters": dict(variables) or None,
        "stageVariables": None,
        "requestContext": dict(context),
        "body": body.decode() or None,
        "isBase64Encoded": False,
    }
