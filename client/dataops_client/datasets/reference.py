"""References to versions of datasets, such as `cuzr@1.2.0`."""

from __future__ import annotations

import re
from typing import NamedTuple

from dataops_client.errors import InvalidRequest

LATEST = "latest"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}", re.ASCII)


class Reference(NamedTuple):
    """Name of a dataset, and the number of a version or `latest`."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def path(self) -> str:
        """Path of the version in the API."""
        return f"/v1/datasets/{self.name}/{self.version}"


def parse_reference(text: str, *, exact: bool = False) -> Reference:
    """Return the parts of `NAME@VERSION`, or of `NAME` for the latest version.

    Args:
        text: Reference.
        exact: Require the number of a version.

    Raises:
        InvalidRequest: The reference is invalid, or has no number although one is required.

    Example:
        >>> parse_reference("cuzr@1.2.0").version
        '1.2.0'
    """
    name, separator, version = text.partition("@")
    check_name(name)
    if not separator:
        version = LATEST
    if not _NUMBER.fullmatch(version) and (version != LATEST or exact):
        raise InvalidRequest(
            f"{text!r} names no version; write the number, such as {name}@1.0.0 "
            f"(`dataops dataset show {name}` lists the versions)"
        )
    return Reference(name, version)


def check_name(name: str) -> str:
    """Return the name of a dataset. Raise InvalidRequest if it is invalid."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"invalid dataset name {name!r}; use lower-case letters, digits and hyphens"
        )
    return name
