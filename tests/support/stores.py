"""The adapters of the data bucket on a store of the tests, and their calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import botocore.client
import obstore
import pytest

from chalicelib.adapters.aws.clients import DEFAULT_TIMEOUTS, Clients, Timeouts
from chalicelib.adapters.aws.data_bucket import S3DataBucket
from chalicelib.settings import Settings

_OPERATIONS = {
    "delete": "DeleteObject",
    "get": "GetObject",
    "head": "HeadObject",
    "list": "ListObjectsV2",
    "list_with_delimiter": "ListObjectsV2",
    "put": "PutObject",
}


def connect(
    environment: Mapping[str, str], bucket: str, timeouts: Timeouts = DEFAULT_TIMEOUTS
) -> Clients:
    """Return clients for a bucket of the store that the environment selects."""
    names = {"RUN_TABLE": "runs", "DATA_BUCKET": bucket}
    return Clients.connect(Settings.from_mapping({**environment, **names}), timeouts)


def open_bucket(
    environment: Mapping[str, str], bucket: str, prefix: str = "", ttl_seconds: int = 900
) -> S3DataBucket:
    """Return a bucket of the store that the environment selects."""
    clients = connect(environment, bucket)
    return S3DataBucket(clients.objects, clients.signer, prefix, ttl_seconds)


def intercept_calls(
    patch: pytest.MonkeyPatch, before: Callable[[Any, str, Mapping[str, Any]], None]
) -> None:
    """Call `before(client, operation, arguments)` before each call to a store in this process.

    `client` is a boto3 client, or None for a call through obstore. All calls of a multipart upload
    are one `MultipartUpload`.
    """
    base: Any = botocore.client.BaseClient
    make_call = base._make_api_call

    def called(client: Any, name: str, arguments: Any) -> Any:
        before(client, name, arguments)
        return make_call(client, name, arguments)

    patch.setattr(base, "_make_api_call", called)
    for function, operation in _OPERATIONS.items():
        patch.setattr(obstore, function, _wrap(getattr(obstore, function), operation, before))


def _wrap(
    function: Callable[..., Any],
    operation: str,
    before: Callable[[Any, str, Mapping[str, Any]], None],
) -> Callable[..., Any]:
    def wrapped(store: Any, key: str = "", *arguments: Any, **options: Any) -> Any:
        name = "MultipartUpload" if options.get("use_multipart") else operation
        before(None, name, {"Key": "" if operation == "ListObjectsV2" else key})
        return function(store, key, *arguments, **options)

    return wrapped
