"""The service: identity of the caller, description of the data set, and version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Caller as the API recognizes it.

    Attributes:
        auth: `none`, `token` or `iam`.
        name: Name of the token or role, or None.
        scopes: Permissions, such as `read` and `schedule`.
        expires_at: End of the validity of the token, or None.
    """

    auth: str
    name: str | None
    scopes: tuple[str, ...]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Description of the data set. Facts that the API does not know are None.

    Attributes:
        name: Name of the data set.
        description: Description of the data.
        license: SPDX identifier of the licence.
        creators: Names of the creators.
        citation: DOI or text of the citation.
        synthetic: True if a program generated the data, which is then not for science.
        soap_descriptor: Parameters of the SOAP vectors, in the syntax of quippy.
    """

    name: str | None = None
    description: str | None = None
    license: str | None = None
    creators: tuple[str, ...] | None = None
    citation: str | None = None
    synthetic: bool | None = None
    soap_descriptor: str | None = None
