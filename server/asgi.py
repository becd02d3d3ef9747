"""The API as an ASGI application: Chalice's `LocalGateway` replaces API Gateway and Lambda.

`create_application` returns it for any ASGI server. The server limits connections and the time of
request heads. This module limits the size of a body (before reading it), the time of a body, and
the number of threads. WSGI cannot limit the time of a body, because its `read` has no timeout: 64
clients that send half a body would occupy 64 threads indefinitely.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chalice.app import Chalice, Response
from chalice.config import Config
from chalice.local import LocalChalice, LocalGateway, LocalGatewayException

from app import app, cors
from chalicelib.api.errors import MalformedRequest, RequestTooLarge
from chalicelib.api.gateway_responses import build_local_response
from chalicelib.api.problems import error_response, problem_response
from chalicelib.api.requests import check_body_length
from chalicelib.domain.errors import Unavailable

BODY_SECONDS = 10
"""Timeout of a request body. A slower client gets status 408, and its connection is closed."""

_Scope = dict[str, Any]
_Receive = Callable[[], Awaitable[dict[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]
_LOG = logging.getLogger("dataops")


def create_application(threads: int) -> Callable[[_Scope, _Receive, _Send], Awaitable[None]]:
    """Return the API of `app.py` as an ASGI application that runs views in `threads` threads."""
    app.__class__ = _ThreadedApp
    return _Application(LocalGateway(app, Config.create(chalice_app=app)), threads)


class _ThreadedApp(LocalChalice, Chalice):
    """A Chalice app whose `current_request` belongs to the thread, as in `chalice local`."""


class _Application:
    def __init__(self, gateway: LocalGateway, threads: int) -> None:
        self._gateway = gateway
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        request_id = str(uuid.uuid4())
        headers = {
            name.decode("ascii").lower(): value.decode("ascii", "backslashreplace")
            for name, value in scope["headers"]
        }
        try:
            body = await asyncio.wait_for(_read_body(headers, receive), BODY_SECONDS)
            response = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._respond, scope, headers, body, request_id
            )
        except _RejectedRequest as error:
            response = problem_response(error.status, error.code, str(error), request_id)
        except (RequestTooLarge, MalformedRequest) as error:
            response = error_response(error, request_id)
        except TimeoutError:
            response = problem_response(
                408,
                "request_timeout",
                f"the request body was not received within {BODY_SECONDS} s",
                request_id,
            )
        except Exception:
            _LOG.exception(
                "failed", extra={"fields": {"request_id": request_id, "method": scope["method"]}}
            )
            response = problem_response(
                500,
                "internal_error",
                "An internal error occurred; it was logged under the request id.",
                request_id,
            )
        response.headers.update(cors.get_headers(headers.get("origin")))
        await _send(response, send)

    def _respond(
        self, scope: _Scope, headers: dict[str, str], body: bytes, request_id: str
    ) -> Response:
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        try:
            event = self._gateway.handle_request(scope["method"], target, headers, body or None)
        except Unavailable:
            # Raised by the Lambda authorizer only: the app returns a response for its own errors.
            return build_local_response(500, "AuthorizerConfigurationException", request_id)
        except LocalGatewayException as error:
            return build_local_response(
                error.CODE, str(error.headers.get("x-amzn-ErrorType")), request_id
            )
        content = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
        return Response(
            content, {**event["headers"], **event["multiValueHeaders"]}, event["statusCode"]
        )


class _RejectedRequest(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


async def _read_body(headers: dict[str, str], receive: _Receive) -> bytes:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal():
        raise _RejectedRequest(
            411,
            "length_required",
            f"missing or invalid Content-Length {length!r}; send the length of the body in bytes",
        )
    check_body_length(int(length))
    body = b""
    while len(body) < int(length):
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedRequest(f"incomplete request body: {len(body)} of {length} bytes")
        body += message["body"]
    return body


async def _send(response: Response, send: _Send) -> None:
    body = response.body.encode() if isinstance(response.body, str) else response.body or b""
    headers = {"Content-Type": "application/json", **response.headers} if body else response.headers
    values = (
        (name, value if isinstance(value, list) else [value]) for name, value in headers.items()
    )
    lines = [
        (name.lower().encode(), str(item).encode("latin-1"))
        for name, items in values
        for item in items
    ]
    if response.status_code != 304:  # its length would be that of the representation
        lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": lines})
    await send({"type": "http.response.body", "body": body})
