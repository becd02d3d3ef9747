"""The expiry of credentials."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import botocore.session
import pytest
from botocore.credentials import RefreshableCredentials

from chalicelib.adapters.aws.credentials import get_credentials_expiry


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
