"""The embedded emulator: moto's S3 and DynamoDB as one process on a loopback port, in memory.

    python -m localdev.moto_server [--port N]

prints its address as the first line once it answers, and ends when its standard input is closed: it cannot outlive its parent,
however that ends. moto is not atomic under threads (conditional writes had two winners), so a lock holds while it computes an
answer; bytes of requests and answers move outside of it.
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
        "--port", type=int, default=0, help="the port to listen on; a free one by default"
    )
    port: int = parser.parse_args().port
    # moto refuses nothing for want of them, but boto3, which it uses inside, does.
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    FakeKey.value = property(_content, _keep)  # type: ignore[method-assign,assignment]
    server = make_server(
        "127.0.0.1", port, serialised(_dispatched()), threaded=True, request_handler=_Handler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    wait_for_parent()


def serialised(application: _Wsgi) -> _Wsgi:
    """The application, called by one thread at a time with its request already read, its answer sent in pieces."""
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


def _dispatched() -> _Wsgi:
    """DynamoDB's requests name their operation in a header, the others are S3's. (moto's own dispatcher lists its package's folder on
    each request, which takes as long as the answer.)"""
    s3, dynamodb = create_backend_app("s3"), create_backend_app("dynamodb")

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        chosen = dynamodb if environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_") else s3
        return chosen(environ, start_response)

    return application


def _content(key: Any) -> bytes:
    content: bytes = (
        key._value_buffer.getvalue()
    )  # without copying: the buffer was made from these bytes
    return content


def _keep(key: Any, content: bytes) -> None:
    """In place of moto's temporary file, which is read as a whole, and copied, for every range of it: 40 MB/s of a 1 GiB object."""
    key._value_buffer = io.BytesIO(bytes(content))
    key.contentsize = len(content)


class _Handler(WSGIRequestHandler):
    """Keeps connections open, and sends small answers at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


if __name__ == "__main__":
    main()
