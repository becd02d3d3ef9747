"""Authorization: tokens, scopes, and the policies that the authorizer returns."""

from __future__ import annotations

import random
import secrets
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalice.app import AuthRequest

from app import access, app
from chalicelib import bootstrap
from chalicelib.api.middleware import PUBLIC_ROUTES
from chalicelib.domain.errors import InvalidInput, NotFound, Unavailable
from chalicelib.domain.tokens import Scope, get_required_scope
from chalicelib.lambda_handlers import authorizer
from chalicelib.settings import AuthMode, Settings, SettingsError, auth_mode
from chalicelib.usecases.tokens import authenticate, create_token, revoke_token
from tests.support.api_gateway import allows
from tests.support.fake_tokens import FakeTokenRepository
from tests.support.fakes import FakeClock

ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/api"


@pytest.fixture
def tokens() -> FakeTokenRepository:
    return FakeTokenRepository()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def made(tokens: FakeTokenRepository, clock: FakeClock) -> Iterator[None]:
    """Override the services of this process with these tokens; nothing connects."""
    real = bootstrap.build_services(
        Settings.from_mapping({"RUN_TABLE": "none", "DATA_BUCKET": "none"})
    )
    with bootstrap.override_services(replace(real, tokens=tokens, clock=clock)):
        yield


def new(
    tokens: FakeTokenRepository, clock: FakeClock, scope: Scope = Scope.READ, days: float = 1
) -> str:
    return create_token(scope, "Ada", timedelta(days=days), tokens=tokens, clock=clock)[0]


def test_a_token_lets_its_owner_in_with_its_scope(
    tokens: FakeTokenRepository, clock: FakeClock
) -> None:
    for scope in Scope:
        grant = authenticate(f"Bearer {new(tokens, clock, scope)}", tokens=tokens, clock=clock)
        assert grant is not None
        assert grant.scope is scope


def test_a_token_ends_when_it_expires(tokens: FakeTokenRepository, clock: FakeClock) -> None:
    text = new(tokens, clock, days=1)
    clock.sleep(24 * 3600 - 1)
    assert authenticate(f"Bearer {text}", tokens=tokens, clock=clock)
    clock.sleep(1)
    assert authenticate(f"Bearer {text}", tokens=tokens, clock=clock) is None


def test_a_revoked_token_is_refused(tokens: FakeTokenRepository, clock: FakeClock) -> None:
    text = new(tokens, clock)
    revoke_token(text.split("_")[1], tokens=tokens)
    assert authenticate(f"Bearer {text}", tokens=tokens, clock=clock) is None
    with pytest.raises(NotFound):
        revoke_token(text.split("_")[1], tokens=tokens)


def test_altered_and_partial_tokens_are_refused(
    tokens: FakeTokenRepository, clock: FakeClock
) -> None:
    text = new(tokens, clock)
    token_id, secret = text.split("_", 2)[1:]
    wrong = "A" if secret[-1] != "A" else "B"
    for header in (
        "",
        "Bearer",
        "Bearer ",
        text,
        f"Basic {text}",
        f"Bearer  {text}",
        f"Bearer {text} ",
        f"Bearer {text}\n",
        f"Bearer {text[:-1]}",
        f"Bearer {text[:-1]}{wrong}",
        f"Bearer {text}A",
        f"Bearer {text.upper()}",
        f"Bearer dataops_{token_id}_",
        f"Bearer dataops_{token_id}_{'A' * 43}",
        f"Bearer dataops_{'a' * 12}_{secret}",
        f"Bearer {text},{text}",
        "Bearer " + "x" * 100_000,
    ):
        assert authenticate(header, tokens=tokens, clock=clock) is None, header


def test_ten_thousand_random_tokens_never_pass(
    tokens: FakeTokenRepository, clock: FakeClock
) -> None:
    known = [new(tokens, clock, scope).split("_", 2)[1] for scope in Scope]
    letters = string.ascii_letters + string.digits + "_-"
    randomness = random.Random(6)
    for number in range(10_000):
        token_id = (
            known[number % len(known)]
            if number % 2
            else "".join(randomness.choices("abcdefghijklmnopqrstuvwxyz234567", k=12))
        )
        secret = (
            secrets.token_urlsafe(32) if number % 3 else "".join(randomness.choices(letters, k=43))
        )
        assert (
            authenticate(f"Bearer dataops_{token_id}_{secret}", tokens=tokens, clock=clock) is None
        )


@pytest.mark.parametrize("days", [0, -1, 367, 10_000])
def test_a_lifetime_is_at_most_a_year(
    tokens: FakeTokenRepository, clock: FakeClock, days: float
) -> None:
    with pytest.raises(InvalidInput, match="days"):
        new(tokens, clock, days=days)
    assert not tokens.list_all()


@pytest.mark.parametrize("note", ["", "  ", "x" * 201, "two\nlines"])
def test_a_token_contains_its_id(tokens: FakeTokenRepository, clock: FakeClock, note: str) -> None:
    with pytest.raises(InvalidInput, match="token's owner"):
        create_token(Scope.READ, note, timedelta(days=1), tokens=tokens, clock=clock)


def test_scopes_include_those_before_them() -> None:
    assert [[one.includes(other) for other in Scope] for one in Scope] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_other_methods_require_the_administrator() -> None:
    needed = {
        method: get_required_scope(method)
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "get", "")
    }
    assert needed["GET"] is Scope.READ
    assert needed["POST"] is Scope.SCHEDULE
    assert {needed[method] for method in ("PUT", "DELETE", "PATCH", "HEAD", "get", "")} == {
        Scope.ADMIN
    }


def authorize(token: str, arn: str = f"{ARN}/GET/v1/compositions") -> dict[str, Any]:
    policy: dict[str, Any] = authorizer.authorize(
        {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}, None
    )
    return policy


@pytest.mark.usefixtures("made")
def test_the_policy_of_a_token_does_not_depend_on_the_request(
    tokens: FakeTokenRepository, clock: FakeClock
) -> None:
    for scope in Scope:
        header = f"Bearer {new(tokens, clock, scope)}"
        policies = [
            authorize(header, f"{ARN}/{method}{path}")
            for method in ("GET", "POST")
            for path in app.routes
        ]
        assert all(policy == policies[0] for policy in policies)


@pytest.mark.usefixtures("made")
def test_a_policy_allows_the_requests_of_one_stage_and_names_the_scope(
    tokens: FakeTokenRepository, clock: FakeClock
) -> None:
    for scope in Scope:
        result = authorize(f"Bearer {new(tokens, clock, scope)}")
        policy = result["policyDocument"]
        assert result["context"]["scope"] == scope  # `AccessControl` enforces it
        for path, entries in app.routes.items():
            for method in entries:
                assert allows(policy, f"{ARN}/{method}{path}"), (scope, method, path)
        assert not allows(policy, f"{ARN.replace('a1b2c3d4e5', 'otherapi')}/GET/v1/compositions")
        assert not allows(policy, f"{ARN.removesuffix('api')}other/GET/v1/compositions")


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    "arn",
    [
        "",
        "*",
        f"{ARN}/*/*",
        f"{ARN}",
        "arn:aws:execute-api:us-east-1:123456789012:*/*/GET/x",
        f"{ARN}/*/GET/x",
    ],
)
def test_a_request_that_is_not_a_method_of_an_api_is_denied(
    tokens: FakeTokenRepository, clock: FakeClock, arn: str
) -> None:
    policy = authorize(f"Bearer {new(tokens, clock, Scope.ADMIN)}", arn)["policyDocument"]
    assert [statement["Effect"] for statement in policy["Statement"]] == ["Deny"]


@pytest.mark.usefixtures("made")
def test_an_unresponsive_table_refuses_every_token(
    tokens: FakeTokenRepository,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = new(tokens, clock)

    def fail(_: str) -> None:
        raise Unavailable("the run table does not respond")

    monkeypatch.setattr(tokens, "get", fail)
    with pytest.raises(
        Unavailable
    ):  # a refusal would be remembered, and the holder of a good token would be locked out
        authorize(f"Bearer {text}")
    logged = capsys.readouterr().err
    assert "authorizing failed" in logged
    assert text not in logged


def test_services_that_cannot_be_built_refuse_every_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUN_TABLE", raising=False)
    policy = authorizer.authorize.func(
        AuthRequest("TOKEN", "Bearer x", f"{ARN}/GET/v1/compositions")
    )
    assert not allows(policy["policyDocument"], f"{ARN}/GET/v1/compositions")


def test_functions_without_a_mode_require_tokens() -> None:
    assert auth_mode({}) == "none"
    assert auth_mode({"AUTH": " "}) == "none"
    assert auth_mode({"AWS_LAMBDA_FUNCTION_NAME": "api"}) == "token"
    assert auth_mode({"AWS_LAMBDA_FUNCTION_NAME": "api", "AUTH": "iam"}) == "iam"


@pytest.mark.parametrize("mode", ["tokn", "NONE", "true", "none,token"])
def test_a_mode_that_is_none_of_the_three_stops_the_service(mode: str) -> None:
    with pytest.raises(SettingsError, match=mode):
        auth_mode({"AUTH": mode})


@pytest.fixture
def restored_access() -> Iterator[None]:
    """Restores the access control of the app."""
    yield
    access.configure("none")


@pytest.mark.usefixtures("restored_access")
@pytest.mark.parametrize(("mode", "name"), [("token", "authorize"), ("iam", "sigv4")])
def test_every_route_but_the_open_ones_is_closed(mode: AuthMode, name: str) -> None:
    access.configure(mode)
    entries = {
        (method, path): entry
        for path, methods in app.routes.items()
        for method, entry in methods.items()
    }
    assert {
        path for (_, path), entry in entries.items() if entry.authorizer is None
    } == PUBLIC_ROUTES
    assert {entry.authorizer.name for entry in entries.values() if entry.authorizer} == {name}
    assert app.routes.keys() >= PUBLIC_ROUTES
    assert not any(path.startswith("/v1") for path in PUBLIC_ROUTES)
