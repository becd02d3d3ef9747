"""How long a link lives: 15 minutes, and never longer than the credentials that signed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.bootstrap import build_services
from chalicelib.domain.archive_record import PresignedLink
from chalicelib.settings import Settings

NAMES = {"RUN_TABLE": "runs", "DATA_BUCKET": "data"}


def link(environment: dict[str, str]) -> tuple[PresignedLink, int]:
    """Return a link and the lifetime in its signature, in seconds."""
    made = build_services(Settings.from_mapping(NAMES | environment)).bucket.presign(
        "archives/a.zip", "a.zip"
    )
    return made, int(parse_qs(urlsplit(made.url).query)["X-Amz-Expires"][0])


def test_a_link_lives_fifteen_minutes() -> None:
    made, seconds = link({})
    assert seconds == 900
    assert timedelta(seconds=890) < made.expires_at - datetime.now(UTC) <= timedelta(seconds=900)


def test_a_link_has_the_configured_lifetime() -> None:
    assert link({"URL_TTL_SECONDS": "60"})[1] == 60


@pytest.mark.parametrize("minutes", [5, 11])
def test_a_link_ends_with_the_credentials_that_signed_it(
    minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    made, seconds = link({})
    assert made.expires_at == end
    assert minutes * 60 - 10 < seconds <= minutes * 60


def test_credentials_that_live_longer_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AWS_CREDENTIAL_EXPIRATION", (datetime.now(UTC) + timedelta(hours=6)).isoformat()
    )
    assert link({})[1] == 900
