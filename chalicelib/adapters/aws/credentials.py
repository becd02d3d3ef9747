"""The expiry of credentials, for which botocore has no public interface."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import boto3


def get_credentials_expiry(session: boto3.Session) -> datetime | None:
    """Return the expiry of the credentials, or None if they do not expire.

    Roles of instances and containers and AWS_CREDENTIAL_EXPIRATION have an expiry.
    """
    credentials = session.get_credentials()
    if credentials is None:
        return None
    credentials.get_frozen_credentials()  # refreshes credentials that are about to expire
    expiry: datetime | None = getattr(credentials, "_expiry_time", None)
    return expiry
