"""Closed-loop load: callers that send the same request again and again, in a separate process.

    python -m bench.load_generator METHOD URL CALLERS SECONDS MAX_REQUESTS

It prints requests per second, the 99th percentile of their duration and the number of errors as
JSON. A caller is one connection; a request costs the generator about 0.05 ms.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import subprocess
import sys
import time
from urllib.parse import urlsplit

import msgspec

from localdev.paths import ROOT

_WARM_UP = 0.15
"""Fraction of the time, at the start, that is not measured."""
_DRAIN_SECONDS = 40
_HEAD = re.compile(rb"HTTP/1\.1 (\d+).*?\r\ncontent-length: *(\d+).*?\r\n\r\n", re.I | re.S)


class Load(msgspec.Struct, frozen=True):
    """Measured load."""

    requests_per_second: float
    p99_seconds: float
    errors: int


def run_load(
    method: str, url: str, callers: int, seconds: float = 2, max_requests: int = 10**9
) -> Load:
    """Send requests for some seconds, or until there were `max_requests`."""
    command = [sys.executable, "-m", "bench.load_generator", method, url]
    command += [str(callers), str(seconds), str(max_requests)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=Load)


class _Caller(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._received = b""
        self._missing = 0
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._received += data
            head = _HEAD.match(self._received)
            if head is None:
                return
            self._status = int(head[1])
            self._missing = int(head[2]) - (len(self._received) - head.end())
            self._received = b""
        else:
            self._missing -= len(data)
        if not self._missing:
            self._run.finished.append((self._began, time.perf_counter(), self._status))
            self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self._run.finished.append((self._began, time.perf_counter(), 0))
            self.done.set_result(None)

    def _send(self) -> None:
        self._began = time.perf_counter()
        if self._began > self._run.deadline or self._run.left <= 0:
            self.done.set_result(None)
            self._transport.close()
            return
        self._run.left -= 1
        self._transport.write(self._run.request)


class _Run:
    def __init__(self, request: bytes, seconds: float, max_requests: int) -> None:
        self.request = request
        self.began = time.perf_counter()
        self.deadline = self.began + seconds
        self.left = max_requests
        self.finished: list[tuple[float, float, int]] = []

    def summarize(self) -> Load:
        end = min(self.deadline, max(finished for _, finished, _ in self.finished))
        begin = self.began + (end - self.began) * _WARM_UP
        # Requests that end after the time are not counted, but are among the slowest.
        durations = sorted(at - began for began, at, _ in self.finished if at > begin)
        finished = sum(begin < at <= end for _, at, _ in self.finished)
        return Load(
            finished / (end - begin),
            durations[math.ceil(len(durations) * 0.99) - 1],
            sum(status >= 400 or status == 0 for _, _, status in self.finished),
        )


async def _main(method: str, url: str, callers: int, seconds: float, max_requests: int) -> None:
    target = urlsplit(url)
    path = f"{target.path}?{target.query}" if target.query else target.path
    length = "Content-Length: 0\r\n" if method == "POST" else ""
    request = f"{method} {path} HTTP/1.1\r\nHost: {target.netloc}\r\n{length}\r\n"
    run = _Run(request.encode(), seconds, max_requests)
    loop = asyncio.get_running_loop()
    connections = [
        await loop.create_connection(lambda: _Caller(run), str(target.hostname), target.port or 80)
        for _ in range(callers)
    ]
    await asyncio.wait([caller.done for _, caller in connections], timeout=seconds + _DRAIN_SECONDS)
    print(json.dumps(msgspec.to_builtins(run.summarize())))


if __name__ == "__main__":
    asyncio.run(
        _main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
    )
