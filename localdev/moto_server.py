"""The embedded emulator: moto's S3 and DynamoDB in memory, in one process on a loopback port.

    python -m localdev.moto_server [--port N]

It prints its address as its first line once it accepts requests, and exits when its standard input
is closed, that is, when its parent exits. moto is not atomic under threads (two concurrent
conditional writes both succeeded), so a lock serialises the handling of requests. Requests are
read, and responses sent, outside the lock.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import FakeKey
from werkzeug.serving import WSGIRequestHandler, make_server

from .child_process import wait_for_parent

_PIECE_BYTES = 1024 * 1024
_Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on; default: a free one"
    )
    port: int = parser.parse_args().port
    # moto does not check credentials, but boto3, which it uses internally, requires them.
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    FakeKey.value = property(_get_content, _set_content)  # type: ignore[method-assign,assignment]
    server = make_server(
        "127.0.0.1", port, serialize(_route_by_header()), threaded=True, request_handler=_Handler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    wait_for_parent()


def serialize(application: _Wsgi) -> _Wsgi:
    """Return the application with a lock, which is not held while bytes are transferred."""
    lock = threading.Lock()

    def locked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with lock:
            parts = list(application(environ, start_response))
        for part in parts:
            view = memoryview(part)
            for start in range(0, len(view), _PIECE_BYTES):
                yield bytes(view[start : start + _PIECE_BYTES])

    return locked


def _route_by_header() -> _Wsgi:
    """Return an application that routes each request to DynamoDB or S3.

    DynamoDB requests contain their operation in a header, all others are for S3. moto's own
    dispatcher lists the folder of its package on each request, which doubles the time of a request.
    """
    s3, dynamodb = create_backend_app("s3"), create_backend_app("dynamodb")

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        chosen = dynamodb if environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_") else s3
        return chosen(environ, start_response)

    return application


def _get_content(key: Any) -> bytes:
    content: bytes = key._value_buffer.getvalue()  # no copy: the buffer was created from bytes
    return content


def _set_content(key: Any, content: bytes) -> None:
    """Store the content in memory.

    moto uses a temporary file, and reads and copies all of it for every range: 40 MB/s for a 1 GiB
    object.
    """
    key._value_buffer = io.BytesIO(bytes(content))
    key.contentsize = len(content)


class _Handler(WSGIRequestHandler):
    """Request handler that keeps connections open and sends small responses without delay."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


if __name__ == "__main__":
    main()
