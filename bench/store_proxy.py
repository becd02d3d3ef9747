"""A proxy before a store that counts its calls and may delay its responses.

    python -m bench.store_proxy URL

It prints its address. The Host header is forwarded unchanged, because signatures cover it.
`GET /_calls` returns the number of calls by operation and resets them; `GET /_delay/20` delays the
responses of the store by 20 ms from now on.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import urllib.request
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from localdev.child_process import exit_with_parent

DELAY_MS = 20
"""The delay with which AWS is imitated."""
_LIMIT = 2**18
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: *[^.\r]*\.(\w+)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_S3 = (
    (rb"GET [^ ]*[?&]list-type=", "ListObjectsV2"),
    (rb"GET ", "GetObject"),
    (rb"HEAD ", "HeadObject"),
    (rb"PUT [^ ]*[?&]partNumber=", "UploadPart"),
    (rb"PUT ", "PutObject"),
    (rb"POST [^ ]*[?&]uploads", "CreateMultipartUpload"),
    (rb"POST [^ ]*[?&]uploadId=", "CompleteMultipartUpload"),
    (rb"DELETE [^ ]*[?&]uploadId=", "AbortMultipartUpload"),
    (rb"DELETE |POST [^ ]*[?&]delete", "DeleteObject"),
)


def read_calls(proxy_url: str) -> Counter[str]:
    """Return the calls since the last time, by operation."""
    with urllib.request.urlopen(f"{proxy_url}/_calls") as response:
        return Counter(json.load(response))


@contextmanager
def delayed(proxy_urls: Iterable[str], delay_ms: int) -> Iterator[None]:
    """Delay the responses of the stores in the context."""

    def set_delay(delay_ms: int) -> None:
        for url in proxy_urls:
            urllib.request.urlopen(f"{url}/_delay/{delay_ms}").close()

    set_delay(delay_ms)
    try:
        yield
    finally:
        set_delay(0)


def get_operation(head: bytes) -> str:
    """Return the operation of S3 or DynamoDB of a request."""
    if target := _TARGET.search(head):
        return target[1].decode()
    return next((name for pattern, name in _S3 if re.match(pattern, head)), "other")


class _Proxy:
    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._calls: Counter[str] = Counter()
        self._delay_seconds = 0.0

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        store: tuple[StreamReader, StreamWriter] | None = None
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /_"):
                    writer.write(self._control(head))
                    continue
                if store is None or store[0].at_eof():  # closed while it was idle
                    store = await asyncio.open_connection(*self._address, limit=_LIMIT)
                await self._forward(head, reader, writer, *store)
        for open_writer in (writer, store[1] if store else None):
            if open_writer:
                open_writer.close()

    async def _forward(
        self,
        head: bytes,
        reader: StreamReader,
        writer: StreamWriter,
        store_reader: StreamReader,
        store_writer: StreamWriter,
    ) -> None:
        self._calls[get_operation(head)] += 1
        if _EXPECT.search(head):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        store_writer.write(_EXPECT.sub(b"", head))
        await _copy(reader, store_writer, _get_length(head))
        response = await store_reader.readuntil(b"\r\n\r\n")
        if self._delay_seconds:
            await asyncio.sleep(self._delay_seconds)
        writer.write(response)
        if head.startswith(b"HEAD ") or response[9:12] in (b"204", b"304"):
            return
        if not _CHUNKED.search(response):
            await _copy(store_reader, writer, _get_length(response))
            return
        size = -1
        while size:
            line = await store_reader.readuntil(b"\r\n")
            size = int(line, 16)
            writer.write(line)
            await _copy(store_reader, writer, size + 2)

    def _control(self, head: bytes) -> bytes:
        path = head.split(b" ")[1]
        if path.startswith(b"/_delay/"):
            self._delay_seconds = int(path.rpartition(b"/")[2]) / 1000
        content = json.dumps(self._calls).encode()
        self._calls.clear()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)


def _get_length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


async def _copy(reader: StreamReader, writer: StreamWriter, length: int) -> None:
    while length:
        data = await reader.read(min(length, _LIMIT))
        if not data:
            raise ConnectionError("the connection was closed within a message")
        writer.write(data)
        length -= len(data)
        await writer.drain()


async def _main() -> None:
    target = urlsplit(sys.argv[1])
    proxy = _Proxy(str(target.hostname), target.port or 80)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=_LIMIT)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    exit_with_parent()
    asyncio.run(_main())
