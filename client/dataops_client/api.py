"""Requests to the API: retried where that may help, and every answer either a value or a named error."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx

from . import errors
from .retries import HEALING, pauses, retry_after_seconds

_BY_STATUS: dict[int, type[errors.DataOpsError]] = {
    400: errors.InvalidRequest,
    401: errors.AccessDenied,
    403: errors.AccessDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.InvalidRequest,
    415: errors.InvalidRequest,
    422: errors.InvalidRequest,
}


class Api:
    """One API. Its token goes to no other host: redirects are not followed."""

    def __init__(self, url: str, token: str | None, user_agent: str, timeout_seconds: float) -> None:
        headers = {"User-Agent": user_agent, "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_seconds, follow_redirects=False)
        except (httpx.InvalidURL, ValueError) as error:
            raise errors.InvalidRequest(f"{url!r} is not the address of an API: {error}") from error
        self.url = url

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> httpx.Response:
        return self._request("GET", path, params=dict(query or {}))

    def post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._request("POST", path, json=body, headers=headers) if body is not None else self._request("POST", path, headers=headers)

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer with a status of 200 or 202. POSTs are repeated too: they carry a key that makes that safe."""
        waits = pauses()
        while True:
            try:
                answer = self._http.request(method, path, **options)
            except httpx.InvalidURL as error:
                raise errors.InvalidRequest(f"{path!r} cannot be asked for: {error}") from error
            except httpx.TransportError as error:
                failure: errors.DataOpsError = errors.Unavailable(f"{self.url} does not answer: {error or type(error).__name__}")
                wait = next(waits, None)
            else:
                if answer.status_code in (200, 202):
                    return answer
                failure = _failure(answer)
                if answer.status_code not in HEALING and not _in_flight(answer):
                    raise failure
                default = next(waits, None)
                wait = None if default is None else retry_after_seconds(answer.headers.get("Retry-After"), default)
            if wait is None:
                raise failure
            time.sleep(wait)


def json_of(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise errors.UnexpectedAnswer(f"{answer.request.url} did not answer JSON but {answer.text[:200]!r}") from None


def _in_flight(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and "Retry-After" in answer.headers


def _failure(answer: httpx.Response) -> errors.DataOpsError:
    """The error that an answer tells of: a problem document, API Gateway's `message`, or whatever stands there."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or body.get("message") or body.get("Message") or answer.text[:200] or answer.reason_phrase
    code = body.get("code")
    kind = _BY_STATUS.get(answer.status_code, errors.Unavailable if answer.status_code in HEALING else errors.UnexpectedAnswer)
    if code == "nothing_available":
        kind = errors.NothingAvailable
    message = f"{detail} (HTTP {answer.status_code}, {answer.request.method} {answer.request.url.path})"
    return kind(message, status=answer.status_code, code=code, request_id=body.get("request_id"))
