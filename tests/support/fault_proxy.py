"""A proxy for S3 and DynamoDB with seeded faults: lost, delayed, rejected and cut messages."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.forwarding import ForwardingHandler, build_store_error
from tests.support.http_server import serve_raw

KINDS = ("drop", "delay", "throttle", "fail", "bad gateway", "truncate", "shorten", "empty", "lose")
"""Faults of a request: not forwarded; forwarded late; throttled; failed; failed by a load balancer,
in HTML; response cut; response shortened, with the shorter length announced; successful response
without content; response lost after the work was done."""

STALL = "stall"
"""No response until the caller gives up: rare, because it takes the caller's timeout. The work may
be done or not."""

_DYNAMODB = {
    "throttle": (400, "ProvisionedThroughputExceededException"),
    "fail": (500, "InternalServerError"),
}
_S3 = {"throttle": (503, "SlowDown"), "fail": (500, "InternalError")}
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_DELAY_SECONDS = 0.02


class Faults:
    """Faults that all proxies of a test share: their rate (0.

    None), which may change at any time, and those that occurred.
    """

    def __init__(self, seed: int = 0) -> None:
        self.rate = 0.0
        self.seen: Counter[str] = Counter()
        self.lost: list[bytes] = []
        """The contents of the lost responses."""
        self._random = random.Random(seed)
        self._stalls = 0
        self._lock = threading.Lock()

    def start(self, seed: int, rate: float, *, stalls: int = 0) -> None:
        """Inject faults at this rate from now on; the first `stalls` of them are stalls."""
        with self._lock:
            self._random, self.rate, self._stalls = random.Random(seed), rate, stalls

    def next(self, request: str) -> str | None:
        """Return the fault of a request: `GET /bucket/key?query`, or an operation of DynamoDB."""
        with self._lock:
            if self._random.random() >= self.rate:
                return None
            kind = STALL if self._stalls else self._random.choice(KINDS)
            self._stalls -= kind == STALL
            self.seen[kind] += 1
            return kind

    def applies_effect(self) -> bool:
        """Return True if the work of a stalled request is done."""
        with self._lock:
            return self._random.random() < 0.5


class SingleFault(Faults):
    """One kind of fault, for the first `times` requests that begin with `to`, while `rate` is 1."""

    def __init__(self, kind: str, to: str = "", times: int = 1_000_000) -> None:
        super().__init__()
        self.rate = 1.0
        self.kind, self._to, self._times = kind, to, times

    def next(self, request: str) -> str | None:
        with self._lock:
            if (
                not self.rate
                or not request.startswith(self._to)
                or self.seen[self.kind] == self._times
            ):
                return None
            self.seen[self.kind] += 1
            return self.kind


@contextmanager
def fault_proxy(target: str, faults: Faults) -> Iterator[str]:
    """Serve a proxy before the service at `target` and yield its URL."""
    address = urlsplit(target)

    class Handler(_Handler):
        upstream = str(address.hostname), address.port or 80

    Handler.faults = faults
    with serve_raw(Handler) as url:
        yield url


class _Handler(ForwardingHandler):
    faults: Faults

    def handle_request(self, body: bytes) -> None:
        target = self.headers.get("X-Amz-Target", "")
        kind = self.faults.next(target.rpartition(".")[2] or f"{self.command} {self.path}")
        if kind == "drop":
            self.close_connection = True
            return
        if kind in ("throttle", "fail"):
            status, code = (_DYNAMODB if target else _S3)[kind]
            self.send_content(status, *build_store_error(code, is_table=bool(target)))
            return
        if kind == "bad gateway":
            self.send_content(502, "text/html", _HTML)
            return
        if kind == STALL and not self.faults.applies_effect():
            self._stall()
            return
        if kind == "delay":
            time.sleep(_DELAY_SECONDS)
        response, content = self.forward(body)
        if kind == "lose":
            self.faults.lost.append(content)
            self.close_connection = True
            return
        if kind == STALL:
            self._stall()
            return
        whole = len(content)
        if kind in ("truncate", "shorten"):
            content = content[: whole // 2]
        elif kind == "empty":
            content = b""
        if kind == "truncate":
            self.close_connection = True
        self.respond(response, content, announced=whole if kind == "truncate" else len(content))

    def _stall(self) -> None:
        """Wait until the caller gives up and closes the connection."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.recv(1)
