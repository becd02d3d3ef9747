"""Tokens, proxies and warnings of connections."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dataops_client import (
    AccessDenied,
    DataOpsClient,
    InsecureConnection,
    InvalidRequest,
    UnexpectedResponse,
)
from dataops_client.cli.app import main
from dataops_client.cli.exit_codes import EXIT_FAILURE
from dataops_client.connections import get_proxy

from tests.support.raw_server import (
    RawServer,
    Request,
    build_json_response,
    build_response,
    raw_server,
)
from tests.support.tls import certificate_of_loopback

with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
    archive.writestr("a", b"x")
CONTENT = packed.getvalue()
SECRET = "dataops_qdvhetq3kpa5_DNZaEcSe"


def link(url: str) -> dict[str, object]:
    """Return a link to CONTENT at `url`."""
    return {
        "nc": "Al2", "id_run": "1", "sub_run": "0", "archive_key": "archives/a.zip",
        "download_url": url,
        "expires_at": "2099-01-01T00:00:00+00:00", "size_bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "filename": "a.zip", "profile": "full", "missing": [], "cached": True,
        "files": [{"name": "a", "size_bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest(),
        "role": "other"}],
    }  # fmt: skip


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("DATAOPS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def proxy() -> Iterator[RawServer]:
    """Proxy that serves api.example and storage.example."""

    def respond(request: Request) -> bytes:
        if request.target.startswith("http://api.example/"):
            return build_json_response(link("http://storage.example/a.zip"))
        return (
            build_response(CONTENT)
            if request.target == "http://storage.example/a.zip"
            else build_response(b"", "502 Bad Gateway")
        )

    with raw_server(respond) as running:
        yield running


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"])
def test_a_proxy_is_used_for_the_api_and_the_object_store(
    proxy: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url.replace("http://", "http://user:p%40ss@"))
    with DataOpsClient("http://api.example") as client:
        assert client.download("Al2", "1", "0", tmp_path).downloaded
    assert [request.target.split("/")[2] for request in proxy.requests] == [
        "api.example",
        "storage.example",
    ]
    assert {request.headers["proxy-authorization"] for request in proxy.requests} == {
        "Basic dXNlcjpwQHNz"
    }


def test_hosts_of_no_proxy_are_reached_directly(
    proxy: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    with (
        raw_server(lambda request: build_response(CONTENT)) as server,
        DataOpsClient(server.url) as client,
    ):
        direct = f"{server.url}/a.zip"
        server.respond = lambda request: (
            build_json_response(link(direct))
            if "/download" in request.target
            else build_response(CONTENT)
        )
        assert client.download("Al2", "1", "0", tmp_path).downloaded
        assert len(server.requests) == 2
    assert not proxy.requests


PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("", "http://a.example/", False),
        ("*", "http://a.example/", True),
        ("b.example,a.example", "http://a.example/", True),
        (" a.example ", "https://x.a.example/", True),
        (".a.example", "http://x.a.example/", True),
        ("*.a.example", "http://x.a.example/", True),
        ("a.example", "http://aa.example/", False),
        ("a.example:8000", "http://a.example:8000/", True),
        ("a.example:8000", "http://a.example/", False),
        ("http://a.example:8000", "http://x.a.example:8000/", True),
        ("http://a.example:8000", "http://a.example:8001/", False),
        ("[::1]:8000", "http://[::1]:8000/", True),
        ("[::1]:8001", "http://[::1]:8000/", False),
        ("https://a.example", "https://a.example/", True),
        ("https://a.example", "http://a.example/", False),
        ("all://a.example", "http://a.example/", True),
        ("localhost", "http://localhost:8000/", True),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("10.0.0.0/8", "http://a.example/", False),
        ("::1", "http://[::1]:8000/", True),
        ("fd00::/8", "http://[fd00::1]/", True),
        ("10.0.0.0/99", "http://10.1.2.3/", False),
    ],
)
def test_no_proxy_contains_hosts_networks_and_ports(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, direct: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert get_proxy(url) == (None if direct else PROXY)


def test_the_proxy_of_a_scheme_takes_precedence_over_all_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "secure.example:1")
    monkeypatch.setenv("ALL_PROXY", PROXY)
    assert (get_proxy("https://a.example/"), get_proxy("http://a.example/")) == (
        "http://secure.example:1",
        PROXY,
    )


@pytest.mark.parametrize(
    "proxy_url", ["gopher://user:secret@proxy.example", "socks5://user:secret@proxy.example"]
)
def test_the_error_of_an_invalid_proxy_does_not_contain_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy_url: str
) -> None:
    monkeypatch.setitem(sys.modules, "urllib3.contrib.socks", None)
    monkeypatch.setenv("ALL_PROXY", proxy_url)
    with (
        DataOpsClient("http://api.example") as client,
        pytest.raises(InvalidRequest, match=r"proxy\.example") as caught,
    ):
        client.compositions()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", [f"{SECRET}\n", f" {SECRET}\r\n", f"\t{SECRET} "])
@pytest.mark.parametrize("given", [False, True])
def test_white_space_around_a_token_is_ignored(
    proxy: RawServer, monkeypatch: pytest.MonkeyPatch, token: str, given: bool
) -> None:
    monkeypatch.setenv("DATAOPS_TOKEN", "other" if given else token)
    with raw_server(lambda request: build_json_response({"compositions": []})) as server:
        with DataOpsClient(server.url, token=token if given else None) as client:
            assert client.compositions() == []
        assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "token",
    [
        f"{SECRET}\n{SECRET}",
        f"{SECRET}\xf6",
        f"a {SECRET}",
        f"{SECRET}\0",
        f"{SECRET}\u2026",
        f"'{SECRET}'",
    ],
)
def test_an_invalid_token_is_rejected_and_not_printed(token: str) -> None:
    with pytest.raises(
        AccessDenied, match="token contains a character that is not allowed"
    ) as caught:
        DataOpsClient("http://localhost", token=token)
    assert SECRET not in str(caught.value)


def test_the_command_rejects_an_invalid_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATAOPS_TOKEN", f"{SECRET}\xf6")
    monkeypatch.setattr(sys, "argv", ["dataops", "--url", "http://localhost:9", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == EXIT_FAILURE
    assert capsys.readouterr() == (
        "",
        "dataops: DATAOPS_TOKEN contains a character that is not allowed in a token\n",
    )


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://localhost", "", "http://", "http://a:b:c", "/v1"]
)
def test_a_url_without_http_is_rejected(url: str) -> None:
    with pytest.raises(InvalidRequest, match="invalid API URL"):
        DataOpsClient(url or "http:")


def test_credentials_of_a_url_are_sent_and_not_printed() -> None:
    with raw_server(lambda request: build_response(b"?")) as server:
        url = server.url.replace("http://", "http://ada:secret@")
        with (
            DataOpsClient(url) as client,
            pytest.raises(UnexpectedResponse, match="not JSON") as caught,
        ):
            client.compositions()
        assert server.requests[0].headers["authorization"] == "Basic YWRhOnNlY3JldA=="
    assert "secret" not in str(caught.value)


def test_sending_a_token_without_encryption_warns() -> None:
    with pytest.warns(
        InsecureConnection, match=r"http://api\.example without encryption"
    ) as warned:
        DataOpsClient("http://api.example", token=SECRET).close()
    assert SECRET not in str(warned[0].message)


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("http://api.example", None),
        ("https://api.example", SECRET),
        ("http://localhost:1", SECRET),
        ("http://[::1]", SECRET),
    ],
)
def test_encrypted_and_local_connections_do_not_warn(url: str, token: str | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DataOpsClient(url, token=token).close()


def test_the_command_warns_once_and_continues(
    proxy: RawServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("DATAOPS_TOKEN", SECRET)
    monkeypatch.setattr(sys, "argv", ["dataops", "--url", "http://api.example", "compositions"])
    with pytest.raises(SystemExit):
        main()
    output = capsys.readouterr().err
    assert (
        output.count("dataops: warning: the token is sent to http://api.example without encryption")
        == 1
    )
    assert "'compositions'" in output  # the link in its place


def test_an_unencrypted_link_of_an_https_api_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trust the certificate of SSL_CERT_FILE."""
    certificate, context = certificate_of_loopback(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    plain = build_json_response(link("http://storage.example/a.zip"))
    with raw_server(lambda request: plain, context) as server, DataOpsClient(server.url) as client:
        with pytest.warns(InsecureConnection, match="returns unencrypted links") as warned:
            client.link("Al2", "1", "0")
        assert "X-Amz-Signature" not in str(warned[0].message)
        server.respond = lambda request: build_json_response(link("https://storage.example/a.zip"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            client.link("Al2", "1", "0")


def test_verify_prints_no_control_characters_of_the_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [
        {"@type": "File", "@id": name, "contentSize": "1", "sha256": ""}
        for name in ("\x1b[2J\x9b", "\nfaked", "\ud800")
    ]
    (tmp_path / "ro-crate-metadata.json").write_text(json.dumps({"@graph": files}))
    monkeypatch.setattr(sys, "argv", ["dataops", "verify", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    lines = capsys.readouterr().err.splitlines()
    assert [line.removeprefix(f"missing: {tmp_path}/") for line in lines[:-1]] == [
        "[2J",
        " faked",
        "\\ud800",
    ]
