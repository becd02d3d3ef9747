"""The strict proxy rejects what AWS rejects, and accepts the links of the app."""

from __future__ import annotations

import hashlib
import http.client
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import pytest
from botocore.config import Config

from tests.support.api import Api, serving
from tests.support.strict_s3_proxy import StrictS3Proxy, strict_s3

__all__ = ["strict_s3"]

Store = Callable[..., None]
KEY, CONTENT = "archives/Zr49Cu49Al2/21/0/a.zip", bytes(range(256)) * 40


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def refusal(self) -> tuple[int, str, str]:
        """Status, code and message of S3's error document."""
        found = re.search(rb"<Code>(.*)</Code><Message>(.*)</Message>", self.body)
        assert found, self.body
        return self.status, found.group(1).decode(), found.group(2).decode()


def send(url: str, method: str = "GET", headers: dict[str, str] | None = None) -> Response:
    """One request with the target exactly as in the URL."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", headers=headers or {})
        response = connection.getresponse()
        return Response(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
    finally:
        connection.close()


class Signer:
    """Presigns GETs for the strict proxy; named arguments replace correct values."""

    def __init__(self, strict: StrictS3Proxy, environment: dict[str, str], bucket: str) -> None:
        self._url, self._environment, self._bucket = strict.url, environment, bucket

    def client(
        self, *, access_key: str = "", secret_key: str = "", region: str = "", version: str = "s3v4"
    ) -> Any:
        session = boto3.Session(
            access_key or self._environment["AWS_ACCESS_KEY_ID"],
            secret_key or self._environment["AWS_SECRET_ACCESS_KEY"],
            region_name=region or self._environment["AWS_DEFAULT_REGION"],
        )
        config = Config(
            signature_version=version,
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
        )
        return session.client("s3", endpoint_url=self._url, config=config)

    def url(
        self,
        *,
        key: str = KEY,
        expires_in: int = 300,
        operation: str = "get_object",
        more: dict[str, str] | None = None,
        **who: str,
    ) -> str:
        parameters = {"Bucket": self._bucket, "Key": key, **(more or {})}
        url: str = self.client(**who).generate_presigned_url(
            operation, Params=parameters, ExpiresIn=expires_in
        )
        return url


@pytest.fixture
def signer(
    strict_s3: StrictS3Proxy, aws_environment: dict[str, str], bucket: str, store: Store
) -> Signer:
    store(KEY, CONTENT)
    return Signer(strict_s3, aws_environment, bucket)


def test_a_right_link_leads_to_the_object(signer: Signer) -> None:
    response = send(signer.url())
    assert (response.status, response.body) == (200, CONTENT)


@pytest.mark.parametrize("key", ["a b+c", "é", "%41", "#?&=;", "~'()!*"])
def test_signatures_of_keys_with_special_characters_are_valid(
    signer: Signer, store: Store, key: str
) -> None:
    store(key, b"odd")
    assert send(signer.url(key=key)).body == b"odd"


def test_parameters_that_are_signed_reach_the_store(signer: Signer) -> None:
    disposition = 'attachment; filename="Zr49Cu49Al2_21_0.zip"'
    response = send(signer.url(more={"ResponseContentDisposition": disposition}))
    assert (response.status, response.headers["content-disposition"]) == (200, disposition)


def test_a_link_holds_until_its_last_second_and_not_after(
    signer: Signer, strict_s3: StrictS3Proxy
) -> None:
    url = signer.url(expires_in=300)
    strict_s3.advance(290)
    assert send(url).status == 200
    strict_s3.advance(20)
    assert send(url).refusal == (403, "AccessDenied", "Request has expired")


def test_a_link_of_the_future_is_refused(signer: Signer, strict_s3: StrictS3Proxy) -> None:
    strict_s3.advance(-2 * 3600)
    assert send(signer.url()).refusal == (403, "AccessDenied", "Request is not valid yet")


def test_a_tampered_signature_is_refused(signer: Signer) -> None:
    url = signer.url()
    other = "0" if url[-1] != "0" else "1"
    assert "X-Amz-Signature=" in url.rpartition("&")[2]
    assert send(url[:-1] + other).refusal[:2] == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("?X-Amz", "?response-content-type=text%2Fhtml&X-Amz"),
        ("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        (KEY, KEY.replace("/21/", "/22/")),
    ],
    ids=["an added parameter", "a longer life", "another key"],
)
def test_a_changed_address_is_refused(signer: Signer, old: str, new: str) -> None:
    url = signer.url()
    assert old in url
    assert send(url.replace(old, new, 1)).refusal[:2] == (403, "SignatureDoesNotMatch")


def test_another_name_of_the_same_host_is_refused(signer: Signer, strict_s3: StrictS3Proxy) -> None:
    response = send(signer.url(), headers={"Host": f"localhost:{strict_s3.port}"})
    assert response.refusal[:2] == (403, "SignatureDoesNotMatch")


def test_a_wrong_secret_is_refused(signer: Signer) -> None:
    assert send(signer.url(secret_key="wrong")).refusal[:2] == (403, "SignatureDoesNotMatch")


def test_an_unknown_access_key_is_refused(signer: Signer) -> None:
    assert send(signer.url(access_key="AKIAUNKNOWN")).refusal[:2] == (403, "InvalidAccessKeyId")


def test_a_link_for_get_is_refused_for_head(signer: Signer) -> None:
    response = send(signer.url(), method="HEAD")
    assert (response.status, response.body) == (403, b"")


def test_a_link_for_head_is_taken_for_head(signer: Signer) -> None:
    response = send(signer.url(operation="head_object"), method="HEAD")
    assert (response.status, response.headers["content-length"]) == (200, str(len(CONTENT)))


def test_an_authorization_header_with_a_signature_is_refused(signer: Signer) -> None:
    response = send(signer.url(), headers={"Authorization": "Bearer of-the-api"})
    assert response.refusal == (400, "InvalidArgument", "Only one auth mechanism allowed")


def test_another_region_is_refused(signer: Signer) -> None:
    assert send(signer.url(region="eu-west-3")).refusal[:2] == (
        400,
        "AuthorizationQueryParametersError",
    )


def test_a_life_of_more_than_a_week_is_refused(signer: Signer) -> None:
    assert send(signer.url(expires_in=7 * 86400)).status == 200
    assert send(signer.url(expires_in=8 * 86400)).refusal[:2] == (
        400,
        "AuthorizationQueryParametersError",
    )


def test_a_signature_of_version_2_is_refused(signer: Signer) -> None:
    assert send(signer.url(version="s3")).refusal[:2] == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "name",
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"],
)
def test_a_link_without_one_of_its_parameters_is_refused(signer: Signer, name: str) -> None:
    url = re.sub(rf"(?<=[?&]){name}=[^&]*&", "", signer.url())
    assert name not in url
    assert send(url).refusal[:2] == (400, "AuthorizationQueryParametersError")


def test_headers_of_amazons_own_must_be_signed(signer: Signer) -> None:
    headers = {"x-amz-checksum-mode": "ENABLED"}
    assert send(signer.url(), headers=headers).refusal[:2] == (403, "AccessDenied")
    assert send(signer.url(more={"ChecksumMode": "ENABLED"}), headers=headers).status == 200


def test_a_request_without_any_signature_is_refused(
    signer: Signer, strict_s3: StrictS3Proxy, bucket: str
) -> None:
    assert send(f"{strict_s3.url}/{bucket}/{KEY}").refusal == (403, "AccessDenied", "Access Denied")


def test_requests_of_an_sdk_pass(signer: Signer, bucket: str) -> None:
    client = signer.client()
    client.put_object(Bucket=bucket, Key="through/the proxy", Body=CONTENT)
    assert client.get_object(Bucket=bucket, Key="through/the proxy")["Body"].read() == CONTENT
    assert [
        entry["Key"]
        for entry in client.list_objects_v2(Bucket=bucket, Prefix="through/")["Contents"]
    ] == ["through/the proxy"]


@pytest.fixture
def link(
    environment: dict[str, str], strict_s3: StrictS3Proxy, store: Store
) -> Iterator[dict[str, Any]]:
    """Return a link of the app, whose public endpoint is the strict proxy."""
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/Zr49Cu49Al2.scf.in", b"&CONTROL\n" * 1000)
    with serving({**environment, "S3_PUBLIC_ENDPOINT": strict_s3.url}) as api:
        yield _link(api)


def _link(api: Api) -> dict[str, Any]:
    api.post("/v1/generate/Zr49Cu49Al2")
    link: dict[str, Any] = api.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    return link


def test_a_link_of_the_app_leads_to_the_whole_archive(
    link: dict[str, Any], strict_s3: StrictS3Proxy
) -> None:
    assert link["download_url"].startswith(f"{strict_s3.url}/")
    response = send(link["download_url"])
    assert response.status == 200
    assert (len(response.body), hashlib.sha256(response.body).hexdigest()) == (
        link["size_bytes"],
        link["sha256"],
    )
    assert response.headers["content-disposition"] == f'attachment; filename="{link["filename"]}"'


def test_a_link_of_the_app_serves_the_rest_of_a_download_that_broke_off(
    link: dict[str, Any],
) -> None:
    whole = send(link["download_url"])
    rest = send(
        link["download_url"], headers={"Range": "bytes=100-", "If-Match": whole.headers["etag"]}
    )
    assert (rest.status, rest.body) == (206, whole.body[100:])
    assert rest.headers["content-range"] == f"bytes 100-{len(whole.body) - 1}/{len(whole.body)}"


def test_a_link_of_the_app_detects_a_replaced_archive(link: dict[str, Any]) -> None:
    response = send(link["download_url"], headers={"If-Match": '"another"'})
    assert response.status == 412


def test_a_link_of_the_app_requires_no_header(link: dict[str, Any]) -> None:
    """Browsers, curl and workflow engines send no header of their own."""
    assert parse_qs(urlsplit(link["download_url"]).query)["X-Amz-SignedHeaders"] == ["host"]


def test_a_link_of_the_app_expires_at_its_stated_time(
    link: dict[str, Any], strict_s3: StrictS3Proxy
) -> None:
    strict_s3.advance(890)
    assert send(link["download_url"]).status == 200
    strict_s3.advance(20)
    assert send(link["download_url"]).refusal == (403, "AccessDenied", "Request has expired")


def test_a_link_of_the_app_is_for_its_own_archive(link: dict[str, Any]) -> None:
    key = quote(link["archive_key"])
    assert key in link["download_url"]
    assert send(link["download_url"].replace(key, "Zr49Cu49Al2/c/md")).refusal[:2] == (
        403,
        "SignatureDoesNotMatch",
    )
