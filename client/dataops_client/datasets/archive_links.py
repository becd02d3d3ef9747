"""Presigned links to the archives of a dataset, requested again before they expire."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

from dataops_client.datasets.manifest import Run
from dataops_client.errors import UnexpectedResponse
from dataops_client.models.archives import ArchiveLink
from dataops_client.models.fields import describe_error, get_field

_MARGIN_SECONDS = 60.0
"""A download does not begin with a link that expires earlier."""


class ArchiveLinks:
    """Links to all archives of a version, shared by concurrent downloads.

    One request renews all of them: they expire at the same time.

    Args:
        request: Returns new links by run.
        clock: Monotonic clock.
    """

    def __init__(
        self,
        request: Callable[[], Mapping[Run, ArchiveLink]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._request, self._clock = request, clock
        self._lock = threading.Lock()
        self._links: Mapping[Run, ArchiveLink] = {}
        self._received_at = clock()

    def get(self, run: Run, rejected: ArchiveLink | None = None) -> ArchiveLink:
        """Return the link to the archive of a run.

        Args:
            run: The run.
            rejected: Link that has expired or was rejected.

        Raises:
            UnexpectedResponse: The API returns no link to an archive of this run.
        """
        with self._lock:
            link = self._links.get(run)
            if (
                link is None
                or link.download_url == (rejected and rejected.download_url)
                or (
                    self._age
                    > max(link.lifetime_seconds - _MARGIN_SECONDS, link.lifetime_seconds / 2)
                )
            ):
                self._links, self._received_at = self._request(), self._clock()
                link = self._links.get(run)
            if link is None:
                raise UnexpectedResponse(f"the API returned no archive of run {'/'.join(run)}")
            return replace(link, lifetime_seconds=link.lifetime_seconds - self._age)

    @property
    def _age(self) -> float:
        return self._clock() - self._received_at


def parse_archive(body: Any, responded_at: datetime) -> tuple[Run, ArchiveLink]:
    """Return the run of an archive and its link, which the API sent at `responded_at`."""
    sha256 = get_field(body, "sha256", str)
    values = {"sub_run": None, "archive_key": sha256, "profile": "", "cached": True}
    link = ArchiveLink.from_json(body | values | {"files": [], "missing": []}, responded_at)
    if not (link.nc.isalnum() and link.id_run.isdecimal()):
        raise describe_error("not a run", f"{link.nc}/{link.id_run}")
    return (link.nc, link.id_run), link
