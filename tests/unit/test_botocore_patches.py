"""The accesses to botocore that have no public interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import botocore.session
import pytest
from botocore.credentials import RefreshableCredentials

from chalicelib.adapters.aws.botocore_patches import (
    get_credentials_expiry,
    use_fast_timestamp_parser,
)

TIME = datetime(2026, 11, 24, 21, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T21:05:03.000Z", "2026-11-24T21:05:03+00:00", "Tue, 24 Nov 2026 21:05:03 GMT"],
)
def test_the_time_formats_of_s3_are_parsed(text: str) -> None:
    assert parse(text) == TIME


@pytest.mark.parametrize("value", [TIME.timestamp(), str(TIME.timestamp()), "20261124T210503Z"])
def test_other_formats_are_left_to_botocore(value: object) -> None:
    assert parse(value) == TIME


def parse(value: object) -> datetime:
    session = botocore.session.Session()
    use_fast_timestamp_parser(session)
    factory = session.get_component("response_parser_factory")
    parsed: datetime = factory.create_parser("rest-xml")._timestamp_parser(value)
    return parsed.astimezone(UTC)


def test_static_credentials_do_not_expire() -> None:
    assert get_credentials_expiry(boto3.Session("key", "secret")) is None


def test_credentials_of_a_role_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    expiry = datetime.now(UTC) + timedelta(hours=1)
    session = botocore.session.Session()
    credentials = RefreshableCredentials(
        "key", "secret", "token", expiry, refresh_using=dict, method="test"
    )
    monkeypatch.setattr(session, "_credentials", credentials)
    assert get_credentials_expiry(boto3.Session(botocore_session=session)) == expiry
