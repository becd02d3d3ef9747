"""Tokens, proxies and warnings: where requests go, and what goes with them."""

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
from dataops_client.connections import proxy_for

from tests.support.raw_server import RawServer, Request, json_response, raw_server, response
from tests.support.tls import certificate_of_loopback

with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
    archive.writestr("a", b"x")
CONTENT = packed.getvalue()
SECRET = "dataops_qdvhetq3kpa5_DNZaEcSe"


def link(url: str) -> dict[str, object]:
    """The link to CONTENT at `url`."""
    return {
        "nc": "Al2", "id_run": "1", "sub_run": "0", "archive_key": "archives/a.zip", "download_url": url,
        "expires_at": "2099-01-01T00:00:00+00:00", "size_bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "filename": "a.zip", "profile": "full", "missing": [], "cached": True,
        "files": [{"name": "a", "size_bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest(), "role": "other"}],
    }  # fmt: skip


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("DATAOPS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def proxy() -> Iterator[RawServer]:
    """A proxy that responds in the place of api.example and storage.example."""

    def respond(request: Request) -> bytes:
        if request.target.startswith("http://api.example/"):
            return json_response(link("http://storage.example/a.zip"))
        return (
            response(CONTENT)
            if request.target == "http://storage.example/a.zip"
            else response(b"", "502 Bad Gateway")
        )

    with raw_server(respond) as running:
        yield running


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"])
def test_a_proxy_is_used_for_the_api_and_for_the_storage(
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
        raw_server(lambda request: response(CONTENT)) as server,
        DataOpsClient(server.url) as client,
    ):
        direct = f"{server.url}/a.zip"
        server.respond = lambda request: (
            json_response(link(direct)) if "/download" in request.target else response(CONTENT)
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
def test_no_proxy_names_hosts_networks_and_ports(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, direct: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_for(url) == (None if direct else PROXY)


def test_the_proxy_of_a_scheme_comes_before_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "secure.example:1")
    monkeypatch.setenv("ALL_PROXY", PROXY)
    assert (proxy_for("https://a.example/"), proxy_for("http://a.example/")) == (
        "http://secure.example:1",
        PROXY,
    )


@pytest.mark.parametrize(
    "proxy_url", ["gopher://user:secret@proxy.example", "socks5://user:secret@proxy.example"]
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
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
def test_white_space_around_a_token_is_not_part_of_it(
    proxy: RawServer, monkeypatch: pytest.MonkeyPatch, token: str, given: bool
) -> None:
    monkeypatch.setenv("DATAOPS_TOKEN", "other" if given else token)
    with raw_server(lambda request: json_response({"compositions": []})) as server:
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
def test_a_token_of_odd_characters_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(
        AccessDenied, match="token contains a character that no token has"
    ) as caught:
        DataOpsClient("http://localhost", token=token)
    assert SECRET not in str(caught.value)


def test_the_command_refuses_a_token_of_odd_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATAOPS_TOKEN", f"{SECRET}\xf6")
    monkeypatch.setattr(sys, "argv", ["dataops", "--url", "http://localhost:9", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    assert capsys.readouterr() == (
        "",
        "dataops: DATAOPS_TOKEN contains a character that no token has\n",
    )


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://localhost", "", "http://", "http://a:b:c", "/v1"]
)
def test_an_address_without_http_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="not the address of an API"):
        DataOpsClient(url or "http:")


def test_user_and_password_of_an_address_are_sent_and_not_shown() -> None:
    with raw_server(lambda request: response(b"?")) as server:
        url = server.url.replace("http://", "http://ada:secret@")
        with (
            DataOpsClient(url) as client,
            pytest.raises(UnexpectedResponse, match="not JSON") as caught,
        ):
            client.compositions()
        assert server.requests[0].headers["authorization"] == "Basic YWRhOnNlY3JldA=="
    assert "secret" not in str(caught.value)


def test_a_token_that_leaves_the_machine_without_encryption_is_warned_of() -> None:
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
def test_what_nobody_else_can_read_is_not_warned_of(url: str, token: str | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DataOpsClient(url, token=token).close()


def test_the_command_warns_once_and_goes_on(
    proxy: RawServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("DATAOPS_TOKEN", SECRET)
    monkeypatch.setattr(sys, "argv", ["dataops", "--url", "http://api.example", "compositions"])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().err
    assert (
        said.count("dataops: warning: the token is sent to http://api.example without encryption")
        == 1
    )
    assert "'compositions'" in said  # the link in its place


def test_a_link_without_encryption_of_an_https_api_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which shows as well that SSL_CERT_FILE names the certificates that are trusted."""
    certificate, context = certificate_of_loopback(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    plain = json_response(link("http://storage.example/a.zip"))
    with raw_server(lambda request: plain, context) as server, DataOpsClient(server.url) as client:
        with pytest.warns(InsecureConnection, match="gives links without encryption") as warned:
            client.link("Al2", "1", "0")
        assert "X-Amz-Signature" not in str(warned[0].message)
        server.respond = lambda request: json_response(link("https://storage.example/a.zip"))
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
    lines = capsys.readouterr().out.splitlines()
    assert [line.removeprefix(f"missing: {tmp_path}/") for line in lines[:-1]] == [
        "[2J",
        " faked",
        "\\ud800",
    ]
