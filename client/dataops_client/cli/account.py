"""Commands that store and check a token."""

from __future__ import annotations

import sys

import typer

from dataops_client.api import validate_token
from dataops_client.cli import console
from dataops_client.cli.arguments import AsJson
from dataops_client.cli.global_options import GlobalOptions, open_client
from dataops_client.cli.rows import Column, print_rows
from dataops_client.cli.run_status import format_time
from dataops_client.client import DataOpsClient
from dataops_client.configuration import delete_login, load_settings, save_login
from dataops_client.errors import InvalidRequest, NotFound
from dataops_client.models.service import Identity

_COLUMNS = (Column("name", "name"), Column("value", "value"))


def login(context: typer.Context) -> None:
    """Store a token for a URL; later commands use both.

    The token is read from a prompt, or from standard input. It is checked, and stored in
    credentials.toml of the configuration folder with mode 0600.
    """
    options: GlobalOptions = context.obj
    settings = load_settings(options.url, None, options.config_profile)
    with DataOpsClient(settings.url) as client:
        url = client.url  # normalized, without credentials
    from getpass import getpass  # noqa: PLC0415 - other commands do not need it

    prompt = f"Token for {url}: "
    text = getpass(prompt, sys.stderr) if sys.stdin.isatty() else sys.stdin.readline()
    token = validate_token(text, "the token")
    if not token:
        raise InvalidRequest("no token was given; `dataops-admin create` of the service prints one")
    with DataOpsClient(url, token=token) as client:
        identity = _check_token(client)
    path = save_login(settings.profile, url, token)
    if identity and identity.auth == "none":
        console.print_warning(f"{url} requires no token; this one was not checked")
    name = f" as {identity.name}" if identity and identity.name else ""
    console.print_note(f"logged in to {url}{name}; profile {settings.profile}, {path}")


def _check_token(client: DataOpsClient) -> Identity | None:
    """Return the identity of the token, or None for an API that does not report it."""
    try:
        return client.whoami()
    except NotFound:
        client.compositions()
        return None


def logout(context: typer.Context) -> None:
    """Delete the stored token of a profile."""
    options: GlobalOptions = context.obj
    profile = load_settings(options.url, None, options.config_profile).profile
    if delete_login(profile):
        console.print_note(f"logged out; the token of profile {profile} was deleted")
    else:
        raise NotFound(f"profile {profile!r} has no stored token")


def whoami(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the URL, and name, scopes and expiry of the token."""
    options: GlobalOptions = context.obj
    settings = load_settings(options.url, None, options.config_profile)
    with open_client(context) as client:
        identity, url = client.whoami(), client.url
    facts = {
        "profile": settings.profile,
        "url": url,
        "auth": identity.auth,
        "name": identity.name,
        "scopes": list(identity.scopes),
        "expires_at": format_time(identity.expires_at),
    }
    rows = [
        {"name": name, "value": ", ".join(value) if isinstance(value, list) else value}
        for name, value in facts.items()
    ]
    print_rows(_COLUMNS, rows, as_json=as_json, document=facts)
