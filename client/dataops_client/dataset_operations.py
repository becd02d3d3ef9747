"""Methods of `DataOpsClient` that freeze, list and describe datasets."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dataops_client.api import Api
from dataops_client.datasets.reference import Reference, check_name, parse_reference
from dataops_client.errors import InvalidRequest, TimedOut, TransferFailed, UnexpectedResponse
from dataops_client.filters import normalize_filters
from dataops_client.models.datasets import (
    DatasetDiff,
    DatasetSummary,
    DatasetVersion,
    DatasetVersions,
    FreezeProgress,
)
from dataops_client.models.fields import decode, get_field
from dataops_client.retry import retry_after_seconds
from dataops_client.run_operations import POLL_SECONDS, sleep_unless_cancelled
from dataops_client.transfer.object_store import ObjectStoreClient

_MAX_PAGES = 1_000


class DatasetOperations:
    """Operations on frozen datasets that transfer no data."""

    _api: Api
    _store: ObjectStoreClient

    def create_dataset(
        self,
        name: str,
        title: str,
        *,
        where: Mapping[str, Any] | None = None,
        items: Iterable[Mapping[str, Any]] | None = None,
        profile: str = "full",
        allow_missing: bool = False,
        license: str | None = None,  # noqa: A002 - the name of the field
        creators: Iterable[str] | None = None,
        description: str | None = None,
        idempotency_key: str | None = None,
        timeout_seconds: float | None = None,
        progress: Callable[[FreezeProgress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> DatasetVersion:
        """Freeze the files of sub-runs as a new version of a dataset, and wait until it is stored.

        The API computes the number of the version. If a version has the same files and the same
        description, that version is returned.

        Args:
            name: Name: lower-case letters, digits and hyphens.
            title: Title.
            where: Filters of sub-runs, as those of `find`.
            items: Sub-runs: dicts with `nc`, `id_run` and, optionally, `sub_runs`.
            profile: `full`, or `essential` for the six files that training requires.
            allow_missing: Accept sub-runs without some of the files that the profile requires.
            license: SPDX identifier of the licence; by default that of the data.
            creators: Names of the creators; by default those of the data.
            description: Description; by default that of the data.
            idempotency_key: Printable ASCII characters without spaces; random by default.
            timeout_seconds: Longest time to wait; unlimited by default.
            progress: Called with the progress of the API.
            cancel: Set by another thread to cancel the wait.

        Returns:
            The version.

        Raises:
            InvalidRequest: A parameter is invalid.
            NotFound: Nothing matches, or a run is not scheduled.
            Conflict: A sub-run lacks a file; the message names both.
            Unavailable: A file changed during the freeze; repeat the call.
            TimedOut: The version is not stored after `timeout_seconds`.
            Cancelled: `cancel` was set.

        Example:
            >>> where = {"outcome": "DONE", "labels_complete": True}
            >>> client.create_dataset("cuzr", "Cu-Zr glasses", where=where)
            DatasetVersion(cuzr@1.0.0, 14 sub-runs, 182 files, 84.9 MB)
        """
        if (where is None) == (items is None):
            raise InvalidRequest("select the sub-runs of the dataset by either filters or items")
        body = {
            "name": check_name(name),
            "title": title,
            "where": None if where is None else normalize_filters(where),
            "items": None if items is None else [dict(item) for item in items],
            "profile": profile,
            "license": license,
            "creators": None if creators is None else list(creators),
            "description": description,
            "allow_missing": allow_missing or None,
        }
        body = {key: value for key, value in body.items() if value is not None}
        key = idempotency_key or uuid.uuid4().hex
        began = time.monotonic()
        while True:
            response = self._api.post("/v1/datasets", body, idempotency_key=key)
            if response.status != 202:
                return decode(DatasetVersion, response.json())
            if progress:
                progress(decode(FreezeProgress, response.json()))
            delay = retry_after_seconds(response.headers.get("Retry-After"), POLL_SECONDS)
            elapsed = time.monotonic() - began
            if timeout_seconds is not None and elapsed + delay > timeout_seconds:
                raise TimedOut(f"dataset {name!r} was not frozen within {timeout_seconds:g} s")
            sleep_unless_cancelled(delay, cancel)

    def datasets(self) -> list[DatasetSummary]:
        """Return the datasets, with their latest versions.

        Returns:
            The datasets, by name.

        Raises:
            NotFound: The API is too old to freeze datasets.

        Example:
            >>> [found.latest.reference for found in client.datasets()]
            ['cuzr@1.2.0']
        """
        found: list[DatasetSummary] = []
        query: dict[str, str] | None = {"limit": "1000"}
        for _ in range(_MAX_PAGES):
            response = self._api.get("/v1/datasets", query)
            bodies = get_field(response.json(), "datasets", list)
            found += map(DatasetSummary.from_json, bodies)
            query = response.get_next_query()
            if query is None:
                return found
        raise UnexpectedResponse(f"the list of datasets has no end; {_MAX_PAGES} pages were read")

    def dataset_versions(self, name: str) -> DatasetVersions:
        """Return the versions of a dataset, and those that were deleted.

        Args:
            name: Name of the dataset.

        Returns:
            The versions, the oldest first.

        Raises:
            NotFound: The dataset does not exist.

        Example:
            >>> [found.version for found in client.dataset_versions("cuzr").versions]
            ['1.0.0', '1.1.0', '1.2.0']
        """
        body = self._api.get(f"/v1/datasets/{check_name(name)}").json()
        return decode(DatasetVersions, body)

    def dataset(self, reference: str) -> DatasetVersion:
        """Return a version of a dataset.

        Args:
            reference: `NAME@VERSION`, or `NAME` for the latest version.

        Returns:
            The version, with its advisories.

        Raises:
            NotFound: The version does not exist, or was deleted; `code` is then `dataset_deleted`.

        Example:
            >>> client.dataset("cuzr@1.2.0").content_id[:8]
            '5f70bf18'
        """
        return decode(DatasetVersion, self._api.get(parse_reference(reference).path).json())

    def dataset_document(self, reference: str, document: str) -> bytes:
        """Return a document of a version.

        Args:
            reference: `NAME@VERSION`, or `NAME` for the latest version.
            document: `manifest`, `selection`, `croissant`, `datacite` or `card`.

        Returns:
            The document.

        Raises:
            NotFound: The version does not exist.

        Example:
            >>> client.dataset_document("cuzr@1.2.0", "manifest")[:8]
            b'0a4d55a8'
        """
        return self._get_document(parse_reference(reference), document)

    def cite_dataset(self, reference: str, style: str = "apa") -> str:
        """Return the citation of a version.

        Args:
            reference: `NAME@VERSION`, or `NAME` for the latest version.
            style: `apa`, `bibtex` or `csl`.

        Returns:
            The citation, which contains the DOI if one is recorded.

        Raises:
            NotFound: The version does not exist.

        Example:
            >>> client.cite_dataset("cuzr@1.2.0", "bibtex")[:5]
            '@misc'
        """
        return self._get_document(parse_reference(reference), "citation", style=style).decode()

    def diff_datasets(self, before: str, after: str) -> DatasetDiff:
        """Return the difference of two versions of a dataset: of files and of their science.

        Args:
            before: `NAME@VERSION`.
            after: `NAME@VERSION` of the same dataset.

        Returns:
            The difference.

        Raises:
            InvalidRequest: The versions are of different datasets.
            NotFound: A version does not exist.

        Example:
            >>> client.diff_datasets("cuzr@1.0.0", "cuzr@2.0.0").changed
            ('data/Zr49Cu49Al2/21/3/ICOHPLIST.lobster',)
        """
        old, new = parse_reference(before), parse_reference(after)
        if old.name != new.name:
            raise InvalidRequest(f"{before} and {after} are versions of different datasets")
        return DatasetDiff.from_json(self._api.get(f"{old.path}/diff/{new.version}").json())

    def _get_document(self, reference: Reference, document: str, **query: str) -> bytes:
        """Return a document, which the object store sends if it is large."""
        response = self._api.get(f"{reference.path}/{document}", query, redirect=True)
        if response.status != 303:
            return response.body
        found = self._store.get(response.headers.get("Location", ""), {})
        try:
            if found.status != 200:
                raise TransferFailed(f"the object store returned HTTP {found.status}")
            return found.read()
        finally:
            found.close()
