"""The connections to AWS, or to whatever speaks its protocols at the configured endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal

import boto3
import botocore.session
from botocore.config import Config
from botocore.utils import parse_timestamp

from .response_integrity import verify_response_integrity
from .retry_deadline import LAST_ATTEMPT_SECONDS, limit_retry_time

if TYPE_CHECKING:
    from botocore.config import _RetryDict
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from chalicelib.settings import Settings

Style = Literal["auto", "path", "virtual"]

_POOL = 32
_RETRIES: _RetryDict = {"mode": "standard", "total_max_attempts": 3}
"""Fewer for a service that keeps silent: see `patience`."""
_USER_AGENT = "dataops-api"
"""Botocore's own is put together anew for every call, which takes a tenth of its time."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that calls wait for a response, and after which no further attempt starts."""

    read_seconds: float = 5
    """botocore's own default of 60 s would use up the 29 s of a request with one stuck call."""
    write_seconds: float = 20
    """A store may need long to assemble the parts of a large archive."""
    last_attempt_seconds: float = LAST_ATTEMPT_SECONDS


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Clients:
    """`s3` reads, `s3_writes` writes archives; `s3_public` signs for the address that callers use."""

    dynamodb: DynamoDBClient
    s3: S3Client
    s3_writes: S3Client
    s3_public: S3Client
    session: boto3.Session
    lambda_endpoint: str | None
    timeouts: Timeouts = DEFAULT_TIMEOUTS

    def credentials_expire_at(self) -> datetime | None:
        """When those that sign end, if they say so (`AWS_CREDENTIAL_EXPIRATION`, roles of instances and containers); None if not."""
        credentials = self.session.get_credentials()
        if credentials is None:
            return None
        credentials.get_frozen_credentials()  # which renews them when they are about to end
        end: datetime | None = getattr(
            credentials, "_expiry_time", None
        )  # botocore tells it in no other way
        return end

    def create_lambda_client(self) -> LambdaClient:
        """Made only where a builder function is configured: a client costs some 20 ms of a cold start."""
        return self.session.client(
            "lambda",
            endpoint_url=self.lambda_endpoint,
            config=_config(read_timeout=self.timeouts.read_seconds),
        )

    @classmethod
    def connect(cls, settings: Settings, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> Clients:
        """Clients that have not connected yet. Endpoints come from the settings alone, never from a profile."""
        underlying = botocore.session.get_session()
        underlying.get_component("response_parser_factory").set_parser_defaults(
            timestamp_parser=_timestamp
        )
        limit_retry_time(underlying, timeouts.last_attempt_seconds)
        verify_response_integrity(underlying)
        session = boto3.Session(botocore_session=underlying, region_name=settings.region)

        def s3(endpoint: str | None, read_timeout: float = timeouts.read_seconds) -> S3Client:
            style: Style = settings.s3_addressing_style
            if style == "auto":
                # AWS: the bucket's own regional host, which the signature must name; elsewhere: hosts that have no bucket subdomains.
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
        max_pool_connections=_POOL,
        tcp_keepalive=True,
        user_agent=_USER_AGENT,
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg] # missing in the stubs
        signature_version="s3v4"
        if addressing_style
        else None,  # boto3 would presign with SigV2 in us-east-1
        s3={"addressing_style": addressing_style} if addressing_style else None,
        # What AWS computes by default, other stores may refuse; our own SHA-256 guards the content.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _timestamp(value: Any) -> datetime:
    """What S3's listings and headers say of time; botocore's parser takes any form, and 0.3 ms for each object of a listing."""
    try:
        return datetime.fromisoformat(value) if value[4:5] == "-" else parsedate_to_datetime(value)
    except (TypeError, ValueError):
        parsed: datetime = parse_timestamp(value)
        return parsed
