"""boto3 clients for AWS, or for compatible services at the configured endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import boto3
import botocore.session
from botocore.config import Config

from .botocore_patches import get_credentials_expiry, use_fast_timestamp_parser
from .response_integrity import verify_response_integrity
from .retry_deadline import LAST_ATTEMPT_SECONDS, limit_retry_time

if TYPE_CHECKING:
    from botocore.config import _RetryDict
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from chalicelib.settings import Settings

Style = Literal["auto", "path", "virtual"]

_MAX_CONNECTIONS = 32
_RETRIES: _RetryDict = {"mode": "standard", "total_max_attempts": 3}
"""Unresponsive services are retried less often: see retry_deadline.py."""
_USER_AGENT = "dataops-api"
"""botocore builds its own user agent in every call, which takes a tenth of the call."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts of calls, and the time after which no further attempt starts."""

    read_seconds: float = 5
    """One hanging call must not use all 29 s of a request. The default of botocore is 60 s."""
    write_seconds: float = 20
    """A store may need time to join the parts of a large archive."""
    last_attempt_seconds: float = LAST_ATTEMPT_SECONDS


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients of all services.

    `s3` reads, `s3_writes` writes archives, `s3_public` signs URLs for the public address.
    """

    dynamodb: DynamoDBClient
    s3: S3Client
    s3_writes: S3Client
    s3_public: S3Client
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
        use_fast_timestamp_parser(core)
        limit_retry_time(core, timeouts.last_attempt_seconds)
        verify_response_integrity(core)
        session = boto3.Session(botocore_session=core, region_name=settings.region)

        def s3(endpoint: str | None, read_timeout: float = timeouts.read_seconds) -> S3Client:
            style: Style = settings.s3_addressing_style
            if style == "auto":
                # The signature of AWS requires the regional host of the bucket. Other hosts have no
                # subdomains for buckets.
                style = "path" if endpoint else "virtual"
            return session.client(
                "s3",
                endpoint_url=endpoint,
                config=_config(read_timeout=read_timeout, addressing_style=style),
            )

        reads = s3(settings.s3_endpoint)
        return cls(
            dynamodb=session.client(
                "dynamodb",
                endpoint_url=settings.dynamodb_endpoint,
                config=_config(read_timeout=timeouts.read_seconds),
            ),
            s3=reads,
            s3_writes=s3(settings.s3_endpoint, timeouts.write_seconds),
            s3_public=reads
            if settings.s3_public_endpoint == settings.s3_endpoint
            else s3(settings.s3_public_endpoint),
            session=session,
            lambda_endpoint=settings.lambda_endpoint,
            timeouts=timeouts,
        )


def _config(*, read_timeout: float, addressing_style: Style | None = None) -> Config:
    return Config(
        connect_timeout=2,
        read_timeout=read_timeout,
        retries=_RETRIES,
        max_pool_connections=_MAX_CONNECTIONS,
        tcp_keepalive=True,
        user_agent=_USER_AGENT,
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # missing in the stubs
        # By default, boto3 presigns with SigV2 in us-east-1.
        signature_version="s3v4" if addressing_style else None,
        s3={"addressing_style": addressing_style} if addressing_style else None,
        # Other stores may reject the checksums that boto3 sends by default. Archives have a
        # SHA-256.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
