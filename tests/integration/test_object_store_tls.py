"""A data bucket whose certificate a private authority has signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from chalicelib.adapters.aws.clients import Timeouts
from chalicelib.adapters.aws.errors import ObjectStoreError
from localdev.aws_environment import EMULATOR_CREDENTIALS
from tests.support.stores import connect
from tests.support.tls import certificate_of_loopback


def test_the_authority_in_aws_ca_bundle_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = certificate_of_loopback(tmp_path)
    headers = {"ETag": '"etag"', "Last-Modified": "Sun, 29 Nov 2026 01:02:03 GMT"}
    with HTTPServer("127.0.0.1", ssl_context=context) as server:
        server.expect_request("/bucket/a").respond_with_data(b"content", headers=headers)
        environment = {**EMULATOR_CREDENTIALS, "AWS_ENDPOINT_URL": server.url_for("")}
        timeouts = Timeouts(longest_pause_seconds=0.001)
        with pytest.raises(ObjectStoreError):
            connect(environment, "bucket", timeouts).objects.get("a")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
        assert connect(environment, "bucket", timeouts).objects.get("a")[1] == b"content"
