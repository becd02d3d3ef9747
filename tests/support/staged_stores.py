"""Proof of the number of sequential round trips of a request to the stores, without time.

A test declares stages, each a list of calls. The proxies in front of the stores hold each call of a
stage until all calls of that stage are in flight, and forward them then. Code that makes two calls
of one stage one after the other cannot pass, and neither can a call that belongs to another stage.

    with staged.expect(["GetItem RUN", "LIST files", "LIST soaps"], ["GET *.json"]):
        api.get(path)

Calls are named after the operation and the start of the partition key (DynamoDB), or after the
method and the last part of the key (S3), in which `*` replaces fingerprints:

    GetItem RUN, Query RUN, PutItem IDEMPOTENCY, UpdateItem BUILD, ...
    LIST compositions, LIST runs, LIST files, LIST soaps
    GET SOAPS.vec, HEAD *.zip, PUT *.json, POST *.zip?uploads, PUT *.zip?partNumber, ...
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.support.forwarding import ForwardingHandler, build_store_error
from tests.support.http_server import serve_raw

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB")
_TIMEOUT_SECONDS = 30
"""Ends a test whose calls never come. No test passes because of it."""
_FINGERPRINT = re.compile(r"\b[0-9a-f]{32,64}\b")


class StagedStores:
    """The expected stages of calls. `endpoints` contains the URLs of the proxies, as settings."""

    def __init__(self, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self.endpoints: dict[str, str] = {}
        self._timeout_seconds = timeout_seconds
        self._changed = threading.Condition()
        self._active = False
        self._stages: list[Counter[str]] = []
        self._stage = 0
        self._in_flight: list[str] = []
        self._failure: str | None = None

    @contextmanager
    def expect(self, *stages: Iterable[str]) -> Iterator[None]:
        """Require these calls, in these stages, while the context is open.

        AssertionError at its end if other calls were made. Calls outside of the context pass.
        """
        with self._changed:
            assert not self._active
            self._active, self._failure = True, None
            self._stages, self._stage, self._in_flight = [Counter(stage) for stage in stages], 0, []
        try:
            yield
        finally:
            with self._changed:
                self._active = False
                if self._stage < len(self._stages):
                    self._fail("the request ended before all calls of this stage were made")
            if self._failure:
                raise AssertionError(self._failure)

    def admit(self, call: str) -> bool:
        """Hold a call until all calls of its stage are in flight.

        Return False if it must be refused, because the expectation has failed.
        """
        with self._changed:
            if not self._active:
                return True
            if self._stage == len(self._stages):
                self._fail(f"{call!r} follows the last stage")
            elif not self._missing[call]:
                self._fail(f"{call!r} does not belong to this stage, or is repeated")
            if self._failure:
                return False
            self._in_flight.append(call)
            if not self._missing:
                self._stage, self._in_flight = self._stage + 1, []
                self._changed.notify_all()
                return True
            stage = self._stage
            if not self._changed.wait_for(
                lambda: self._stage > stage or self._failure, self._timeout_seconds
            ):
                self._fail("the other calls of this stage did not come while these were in flight")
            return self._stage > stage

    @property
    def _missing(self) -> Counter[str]:
        return self._stages[self._stage] - Counter(self._in_flight)

    def _fail(self, reason: str) -> None:
        if self._failure is None:
            self._failure = f"stage {self._stage + 1} of {len(self._stages)}: {reason}"
            if self._stage < len(self._stages):
                self._failure += (
                    f"; in flight: {sorted(self._in_flight)}"
                    f"; missing: {sorted(self._missing.elements())}"
                )
        self._changed.notify_all()


@contextmanager
def serve_staged(
    environment: Mapping[str, str], timeout_seconds: float = _TIMEOUT_SECONDS
) -> Iterator[StagedStores]:
    """Serve proxies in front of the stores of an environment."""
    staged = StagedStores(timeout_seconds)
    with ExitStack() as stack:
        for name in _ENDPOINTS:
            address = urlsplit(environment[name])

            class Handler(_Handler):
                upstream = str(address.hostname), address.port or 80
                stores = staged

            staged.endpoints[name] = stack.enter_context(serve_raw(Handler))
        yield staged


@pytest.fixture
def staged(aws_environment: dict[str, str]) -> Iterator[StagedStores]:
    """Serve proxies in front of the stores of the tests."""
    with serve_staged(aws_environment) as stores:
        yield stores


class _Handler(ForwardingHandler):
    stores: StagedStores

    def handle_request(self, body: bytes) -> None:
        target = self.headers.get("X-Amz-Target", "")
        call = (
            name_table_call(target, body) if target else name_bucket_call(self.command, self.path)
        )
        if self.stores.admit(call):
            response, content = self.forward(body)
            self.respond(response, content, announced=len(content))
        else:  # a status that no SDK retries
            error = build_store_error("AccessDeniedException", is_table=bool(target))
            self.send_content(400 if target else 403, *error)


def name_table_call(target: str, body: bytes) -> str:
    """Return the name of a call of DynamoDB: operation, and partition key up to a `#`."""
    request = json.loads(body)
    keys = request.get("Key") or request.get("Item") or {}
    partition = keys.get("pk") or request.get("ExpressionAttributeValues", {}).get(":pk") or {}
    return f"{target.rpartition('.')[2]} {partition.get('S', '').partition('#')[0]}".rstrip()


def name_bucket_call(method: str, path: str) -> str:
    """Return the name of a call of S3."""
    parts = urlsplit(path)
    query = parse_qs(parts.query, keep_blank_values=True)
    if "list-type" in query:
        prefix, delimited = query.get("prefix", [""])[0], "delimiter" in query
        if "-SOAPS/" in prefix:
            kind = "soaps"
        elif re.search(r"/lammps/100/[0-9]", prefix) or not delimited:
            kind = "files"
        else:
            kind = "runs" if "/lammps/" in prefix else "compositions"
        return f"LIST {kind}"
    name = _FINGERPRINT.sub("*", unquote(parts.path).rpartition("/")[2])
    suffix = next((f"?{key}" for key in ("uploads", "partNumber", "uploadId") if key in query), "")
    return f"{method} {name}{suffix}"
