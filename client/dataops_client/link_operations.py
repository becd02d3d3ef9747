"""Methods of `DataOpsClient` that describe archives and link to them."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence

from dataops_client.api import Api, InsecureConnection
from dataops_client.connections import is_loopback
from dataops_client.errors import InvalidRequest, TimedOut
from dataops_client.identifiers import Id, build_resource_path, normalize_ids
from dataops_client.models.archives import ArchiveLink, BuildProgress, Manifest
from dataops_client.models.fields import decode
from dataops_client.retry import retry_after_seconds
from dataops_client.run_operations import POLL_SECONDS, sleep_unless_cancelled

BuildCallback = Callable[[BuildProgress], None]
"""Called with the progress of the API while it builds an archive."""


class LinkOperations:
    """Operations on archives that transfer no files."""

    _api: Api

    def manifest(
        self,
        nc: str,
        id_run: Id,
        sub_run: Id | None = None,
        *,
        profile: str = "full",
        include: Sequence[str] = (),
    ) -> Manifest:
        """Return the content of an archive without building it.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run; the whole run by default.
            profile: `full`, or `essential` for the six files that training requires.
            include: Globs over file names, such as `*.vec`; all files by default.

        Returns:
            The files that an archive would contain, with their sizes.

        Raises:
            NotFound: The sub-run is not scheduled or has no files.

        Example:
            >>> client.manifest("Zr49Cu49Al2", 21, 0)
            Manifest(Zr49Cu49Al2/21/0, 13 files, 6.1 MB)
        """
        path = f"/v1/generate/{build_resource_path(nc, id_run, sub_run)}/manifest"
        return decode(Manifest, self._api.get(path, _build_query(profile, include)).json())

    def link(
        self,
        nc: str,
        id_run: Id,
        sub_run: Id | None = None,
        *,
        profile: str = "full",
        include: Sequence[str] = (),
        sub_runs: Id | Iterable[Id] = (),
        verify: bool = False,
        timeout_seconds: float = 900,
        building: BuildCallback | None = None,
        cancel: threading.Event | None = None,
    ) -> ArchiveLink:
        """Return a presigned link to an archive, and wait while the API builds it.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run; the whole run by default.
            profile: `full`, or `essential` for the six files that training requires.
            include: Globs over file names, such as `*.vec`; all files by default.
            sub_runs: Sub-runs of a whole run; all by default.
            verify: Make the API read a stored archive and rebuild it if it is damaged. `cached`
                of the link is False if it was rebuilt.
            timeout_seconds: Longest time to wait for the build.
            building: Called with the progress while the API builds the archive.
            cancel: Set by another thread to cancel the wait.

        Returns:
            The link, with the files of the archive.

        Raises:
            NotFound: The sub-run is not scheduled or has no files.
            TimedOut: The archive was not built within `timeout_seconds`.
            Cancelled: `cancel` was set.

        Example:
            >>> client.link("Zr49Cu49Al2", 21, 0)
            ArchiveLink(Zr49Cu49Al2/21/0, 13 files, 1.6 MB, full)
        """
        resource = build_resource_path(nc, id_run, sub_run)
        path = f"/v1/generate/{resource}/download"
        query = _build_query(profile, include, _normalize_sub_runs(sub_run, sub_runs))
        if verify:
            query["verify"] = "true"
        deadline = time.monotonic() + timeout_seconds
        while (response := self._api.get(path, query)).status == 202:
            if building:
                building(BuildProgress.from_json(response.json()))
            delay = retry_after_seconds(response.headers.get("Retry-After"), POLL_SECONDS)
            if time.monotonic() + delay > deadline:
                raise TimedOut(
                    f"the archive of {resource} was not built within {timeout_seconds:g} s"
                )
            sleep_unless_cancelled(delay, cancel)
        link = ArchiveLink.from_json(response.json(), response.get_date())
        if (
            self._api.url.startswith("https:")
            and link.download_url.startswith("http:")
            and not is_loopback(link.download_url)
        ):
            warnings.warn(
                f"{self._api.url} returns unencrypted links; others can read the files",
                InsecureConnection,
                stacklevel=2,
            )
        return link


def _normalize_sub_runs(sub_run: Id | None, sub_runs: Id | Iterable[Id]) -> list[str]:
    found = normalize_ids(sub_runs)
    if found and sub_run is not None:
        raise InvalidRequest("`sub_runs` selects those of a whole run; leave `sub_run` out")
    return found


def _build_query(
    profile: str, include: Sequence[str], sub_runs: Sequence[str] = ()
) -> dict[str, str | Sequence[str]]:
    """Return the query that selects files of an archive."""
    query: dict[str, str | Sequence[str]] = {"profile": profile}
    if include:
        query["include"] = [include] if isinstance(include, str) else list(include)
    if sub_runs:
        query["sub_runs"] = ",".join(sub_runs)
    return query
