"""URL and token: arguments, environment variables, profiles and the stored login."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from dataops_client import DataOpsClient, InvalidRequest
from dataops_client.configuration import (
    DEFAULT_URL,
    delete_login,
    get_configuration_folder,
    load_settings,
    save_login,
)

CONFIG = """
default_profile = "institute"
[profiles.institute]
url = "https://institute.example"
[profiles.local]
url = "http://localhost:8001"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("DATAOPS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "dataops"


@pytest.fixture
def config(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG)
    return folder / "config.toml"


def test_without_configuration_the_default_is_used() -> None:
    settings = load_settings()
    assert (settings.url, settings.token, settings.profile) == (DEFAULT_URL, None, "default")


def test_options_come_before_variables_and_variables_before_profiles(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().url == "https://institute.example"
    monkeypatch.setenv("DATAOPS_PROFILE", "local")
    assert load_settings().url == "http://localhost:8001"
    monkeypatch.setenv("DATAOPS_URL", "http://variable.example")
    assert load_settings().url == "http://variable.example"
    assert load_settings(profile="institute").url == "https://institute.example"
    assert (
        load_settings("http://option.example", profile="institute").url == "http://option.example"
    )


def test_a_stored_token_is_only_used_for_its_url(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_login("institute", "https://institute.example", "stored")
    assert load_settings().token == "stored"
    assert load_settings("https://institute.example/").token == "stored"
    assert load_settings("https://institute.example/v1").token == "stored"
    assert load_settings("https://other.example").token is None
    monkeypatch.setenv("DATAOPS_URL", "https://other.example")
    assert load_settings().token is None
    monkeypatch.setenv("DATAOPS_TOKEN", "variable")
    assert load_settings().token == "variable"
    assert load_settings(profile="institute").token == "stored"
    assert load_settings(token="option").token == "option"


def test_a_url_that_changed_since_the_login_receives_no_token(config: Path) -> None:
    save_login("institute", "https://institute.example", "stored")
    config.write_text(CONFIG.replace("institute.example", "new.example"))
    settings = load_settings()
    assert (settings.url, settings.token) == ("https://new.example", None)


def test_a_login_without_a_configuration_file_is_used_by_default() -> None:
    save_login("default", "https://api.example", "stored")
    settings = load_settings()
    assert (settings.url, settings.token) == ("https://api.example", "stored")
    assert "stored" not in repr(settings)
    with DataOpsClient() as client:
        assert repr(client) == "DataOpsClient('https://api.example')"


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_only_the_user_can_read_the_stored_token(folder: Path) -> None:
    path = save_login("default", "https://api.example", "stored")
    save_login("other", "https://api.example/\u00e4", 'a"b')
    assert path == folder / "credentials.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [each.name for each in folder.iterdir()] == ["credentials.toml"]
    settings = load_settings(profile="other")
    assert (settings.url, settings.token) == ("https://api.example/\u00e4", 'a"b')


def test_a_failed_write_leaves_the_stored_tokens(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_login("default", "https://api.example", "stored")

    def fail(descriptor: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        save_login("default", "https://api.example", "new")
    assert load_settings().token == "stored"
    assert [each.name for each in folder.iterdir()] == ["credentials.toml"]


def test_a_deleted_login_is_not_used() -> None:
    save_login("default", "https://api.example", "stored")
    save_login("other", "https://other.example", "kept")
    assert delete_login("default")
    assert not delete_login("default")
    assert load_settings().token is None
    assert load_settings(profile="other").token == "kept"


def test_a_profile_that_is_named_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match="profile 'x' does not exist; `dataops login -P x"):
        load_settings(profile="x")
    assert load_settings("https://new.example", profile="x").profile == "x"
    with pytest.raises(InvalidRequest, match="invalid profile 'a b'"):
        load_settings(profile="a b")
    monkeypatch.setenv("DATAOPS_PROFILE", "y")
    with pytest.raises(InvalidRequest, match="profile 'y' does not exist"):
        load_settings()


@pytest.mark.parametrize("text", ["default_profile = ", "\xff", "[profiles]\ninstitute = 3"])
def test_a_malformed_file_is_named(config: Path, text: str) -> None:
    config.write_bytes(text.encode("latin-1"))
    if text.startswith("[profiles]"):  # other types are ignored
        assert load_settings().url == DEFAULT_URL
        return
    with pytest.raises(InvalidRequest, match=r"config\.toml' is not (valid TOML|UTF-8)"):
        load_settings()


def test_the_folder_is_in_the_home_folder_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_configuration_folder() == tmp_path / ".config" / "dataops"


@pytest.mark.parametrize("error", [PermissionError, NotADirectoryError])
def test_an_unreadable_home_folder_is_ignored(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def fail(path: Path, **_: object) -> str:
        raise error(str(path))

    monkeypatch.setattr(Path, "read_text", fail)
    assert load_settings().url == DEFAULT_URL


def test_users_without_a_home_folder_use_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    assert load_settings().url == DEFAULT_URL
