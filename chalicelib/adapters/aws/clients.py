"""Clients of the stores, at AWS or at the configured endpoints."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from obstore.store import S3Store

from .credentials import get_credentials_expiry
from .object_store import ObjectStore
from .response_integrity import verify_response_integrity
from .retry_deadline import LAST_ATTEMPT_SECONDS, limit_retry_time
from .sdk_bucket import SdkBucket
from .url_signer import UrlSigner

if TYPE_CHECKING:
    from botocore.config import _RetryDict
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Credential

    from chalicelib.settings import Settings

_MAX_CONNECTIONS = 32
_CONNECT_SECONDS = 2
_ATTEMPTS = 3
"""Unresponsive services are retried less often: see retry_deadline.py."""
_RETRIES: _RetryDict = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
_USER_AGENT = "dataops-api"
"""botocore builds its own user agent in every call, which takes a tenth of the call."""
_LONGEST_TRANSFER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts of calls, and the time after which no further attempt starts."""

    read_seconds: float = 5
    """One hanging call must not use all 29 s of a request. The default of botocore is 60 s."""
    write_seconds: float = 20
    """A store may need time to join the parts of a large archive."""
    last_attempt_seconds: float = LAST_ATTEMPT_SECONDS
    longest_pause_seconds: float = 1
    """Pauses between attempts at the data bucket are random, up to 0.1 s, 0.2 s, ..."""


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients of all services.

    `signer` signs URLs for the address under which callers reach the bucket.
    """

    dynamodb: DynamoDBClient
    objects: ObjectStore
    signer: UrlSigner
    session: boto3.Session
    lambda_endpoint: str | None
    timeouts: Timeouts = DEFAULT_TIMEOUTS

    def credentials_expire_at(self) -> datetime | None:
        """Return the expiry of the signing credentials, or None if they do not expire."""
        return get_credentials_expiry(self.session)

    def create_lambda_client(self) -> LambdaClient:
        """Return a new Lambda client.

        It takes about 20 ms of a cold start, so it is created only if a builder is configured.
        """
        return self.session.client(
            "lambda",
            endpoint_url=self.lambda_endpoint,
            config=_config(read_timeout=self.timeouts.read_seconds),
        )

    @classmethod
    def connect(cls, settings: Settings, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> Clients:
        """Return clients for the endpoints of the settings. Profiles do not change endpoints.

        They connect at their first call.
        """
        core = botocore.session.get_session()
        limit_retry_time(core, timeouts.last_attempt_seconds)
        verify_response_integrity(core)
        session = boto3.Session(botocore_session=core, region_name=settings.region)
        return cls(
            dynamodb=session.client(
                "dynamodb",
                endpoint_url=settings.dynamodb_endpoint,
                config=_config(read_timeout=timeouts.read_seconds),
            ),
            objects=_create_object_store(session, settings, timeouts),
            signer=UrlSigner(
                session, build_bucket_url(settings, settings.s3_public_endpoint), settings.region
            ),
            session=session,
            lambda_endpoint=settings.lambda_endpoint,
            timeouts=timeouts,
        )


def build_bucket_url(settings: Settings, endpoint: str | None) -> str:
    """Return the URL of the data bucket at an endpoint, or at AWS if that is None.

    By default, the bucket is in the host name at AWS, and in the path elsewhere: other hosts have
    no subdomains for buckets. A name with dots does not match the certificate of AWS.
    """
    bucket, region = settings.data_bucket, settings.region
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    base = endpoint or f"https://s3.{region}.{suffix}"
    if _get_addressing_style(settings, endpoint) == "virtual":
        parts = urlsplit(base)
        return urlunsplit(parts._replace(netloc=f"{bucket}.{parts.netloc}")).rstrip("/")
    return f"{base.rstrip('/')}/{bucket}"


def _get_addressing_style(settings: Settings, endpoint: str | None) -> Literal["path", "virtual"]:
    if settings.s3_addressing_style != "auto":
        return settings.s3_addressing_style
    return "path" if endpoint or "." in settings.data_bucket else "virtual"


def _create_object_store(
    session: boto3.Session, settings: Settings, timeouts: Timeouts
) -> ObjectStore:
    url = build_bucket_url(settings, settings.s3_endpoint)
    authority = os.environ.get("AWS_CA_BUNDLE")

    def create(read_seconds: float) -> S3Store:
        client_options: dict[str, Any] = {
            "allow_http": url.startswith("http://"),
            "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=read_seconds),
            "timeout": _LONGEST_TRANSFER,
            "user_agent": _USER_AGENT,
        }
        if authority:
            client_options["root_certificate"] = Path(authority).read_bytes()
        return S3Store(
            settings.data_bucket,
            # The URL contains the bucket. Both names are given because the variables
            # AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3, which obstore reads, do not contain it.
            endpoint=url,
            aws_endpoint_url_s3=url,
            virtual_hosted_style_request=True,
            region=settings.region,
            disable_bulk_delete=True,
            client_options=client_options,  # type: ignore[arg-type]
            retry_config={
                "max_retries": _ATTEMPTS - 1,
                "retry_timeout": timedelta(seconds=timeouts.last_attempt_seconds),
                "backoff": {
                    "init_backoff": timedelta(seconds=min(0.1, timeouts.longest_pause_seconds)),
                    "max_backoff": timedelta(seconds=timeouts.longest_pause_seconds),
                    "base": 2,
                },
            },
            credential_provider=_provide_credentials(session),
        )

    def create_sdk_client() -> S3Client:
        style = _get_addressing_style(settings, settings.s3_endpoint)
        return session.client(
            "s3",
            endpoint_url=settings.s3_endpoint,
            config=_config(read_timeout=timeouts.read_seconds, addressing_style=style),
        )

    return ObjectStore(
        create(timeouts.read_seconds),
        create(timeouts.write_seconds),
        SdkBucket(create_sdk_client, settings.data_bucket),
    )


def _provide_credentials(session: boto3.Session) -> Callable[[], S3Credential]:
    def get() -> S3Credential:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": str(frozen.access_key),
            "secret_access_key": str(frozen.secret_key),
            "token": frozen.token,
            "expires_at": get_credentials_expiry(session),
        }

    return get


def _config(
    *, read_timeout: float, addressing_style: Literal["path", "virtual"] | None = None
) -> Config:
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_timeout,
        retries=_RETRIES,
        max_pool_connections=_MAX_CONNECTIONS,
        tcp_keepalive=True,
        user_agent=_USER_AGENT,
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # missing in the stubs
        s3={"addressing_style": addressing_style} if addressing_style else None,
    )
