"""Presigned URLs of objects (AWS Signature Version 4), without an S3 client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError

if TYPE_CHECKING:
    import boto3


class UrlSigner:
    """Signs URLs of the objects at `bucket_url` with the credentials of the session."""

    def __init__(self, session: boto3.Session, bucket_url: str, region: str) -> None:
        self._session = session
        self._bucket_url = bucket_url
        self._region = region

    def sign(self, key: str, parameters: Mapping[str, str], ttl_seconds: int) -> str:
        """Return a URL that downloads an object, with these query parameters of GetObject."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        request = AWSRequest(
            "GET",
            f"{self._bucket_url}/{quote(key, safe='/~')}?{urlencode(parameters, quote_via=quote)}",
        )
        # Frozen: a refresh must not change the key while the URL is signed.
        frozen = credentials.get_frozen_credentials()
        S3SigV4QueryAuth(frozen, "s3", self._region, ttl_seconds).add_auth(request)
        return str(request.url)
