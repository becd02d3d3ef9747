"""URL and token of the API: arguments, environment variables, profiles, default.

The configuration folder is `$XDG_CONFIG_HOME/dataops`, by default `~/.config/dataops`. Users write
`config.toml`; `dataops login` writes `credentials.toml`, which only its user can read:

    default_profile = "institute"
    [profiles.institute]
    url = "https://dataops.example.org"
"""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataops_client.errors import InvalidRequest

DEFAULT_URL = "http://localhost:8000"
DEFAULT_PROFILE = "default"
_PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Settings:
    """URL and token of the API. `profile` is the name that `dataops login` would use."""

    url: str
    token: str | None = field(repr=False)
    profile: str


def get_configuration_folder() -> Path:
    """Return the folder of `config.toml` and `credentials.toml`."""
    # Path.expanduser raises an error for users without a home folder, as in some containers.
    home = os.path.expanduser("~/.config")  # noqa: PTH111
    return Path(os.environ.get("XDG_CONFIG_HOME") or home) / "dataops"


def load_settings(
    url: str | None = None, token: str | None = None, profile: str | None = None
) -> Settings:
    """Return the URL and the token to use.

    A token of a profile is only used for the URL that it was stored with.

    Args:
        url: URL, before all other sources.
        token: Token, before all other sources.
        profile: Profile to use before DATAOPS_URL and DATAOPS_TOKEN; it must exist.

    Raises:
        InvalidRequest: The profile does not exist, or a file cannot be parsed.
    """
    folder = get_configuration_folder()
    config, stored = _read(folder / "config.toml"), _read(folder / "credentials.toml")
    named = profile or os.environ.get("DATAOPS_PROFILE") or config.get("default_profile")
    name = _check_profile(named or DEFAULT_PROFILE)
    login = _get_profile(stored, name)
    values = login | _get_profile(config, name)
    if named and not values and not url:
        raise InvalidRequest(
            f"profile {name!r} does not exist; `dataops login -P {name} --url URL` creates it"
        )
    environment = os.environ.get("DATAOPS_URL")
    if profile:
        environment = values.get("url") or environment
    found = url or environment or values.get("url") or DEFAULT_URL
    own = login.get("token") if _is_same(found, login.get("url")) else None
    environment_token = os.environ.get("DATAOPS_TOKEN")
    used = own or environment_token if profile else environment_token or own
    return Settings(found, token or used, name)


def save_login(profile: str, url: str, token: str) -> Path:
    """Store a token. Return the path of the file, which only its user can read."""
    folder = get_configuration_folder()
    profiles = _read(folder / "credentials.toml").get("profiles", {})
    profiles[_check_profile(profile)] = {"url": url, "token": token}
    return _write_credentials(folder, profiles)


def delete_login(profile: str) -> bool:
    """Delete the token of a profile. Return False if there is none."""
    folder = get_configuration_folder()
    profiles = _read(folder / "credentials.toml").get("profiles", {})
    if profiles.pop(profile, None) is None:
        return False
    _write_credentials(folder, profiles)
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}  # the home folder of a service may be unreadable or a file
    except ValueError as error:
        raise InvalidRequest(f"{str(path)!r} is not UTF-8: {error}") from None
    import tomllib  # noqa: PLC0415 - takes 5 ms, and most users have no configuration

    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"{str(path)!r} is not valid TOML: {error}") from None


def _get_profile(document: dict[str, Any], name: str) -> dict[str, str]:
    profiles = document.get("profiles")
    values = profiles.get(name) if isinstance(profiles, dict) else None
    if not isinstance(values, dict):
        return {}
    return {key: value for key, value in values.items() if isinstance(value, str)}


def _check_profile(name: object) -> str:
    if not isinstance(name, str) or not _PROFILE_NAME.fullmatch(name):
        raise InvalidRequest(f"invalid profile {name!r}; use letters, digits, '-' and '_'")
    return name


def _is_same(url: str, stored: str | None) -> bool:
    """Return True if two URLs lead to the same API. Clients ignore `/v1` at the end."""
    shortened = (each.rstrip("/").removesuffix("/v1") for each in (url, stored or ""))
    return len(set(shortened)) == 1


def _write_credentials(folder: Path, profiles: dict[str, dict[str, str]]) -> Path:
    lines = []
    for name, values in profiles.items():
        lines.append(f"[profiles.{name}]")
        # A JSON string of Unicode text is a TOML string as well.
        lines += [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
        ]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path, part = folder / "credentials.toml", folder / f".{uuid.uuid4().hex}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join([*lines, ""]))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
