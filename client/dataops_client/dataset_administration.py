"""Methods of `DataOpsClient` for the administrators of datasets. They require the scope `admin`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from urllib.parse import urlencode

from dataops_client.api import Api
from dataops_client.datasets.reference import parse_reference
from dataops_client.models.datasets import DatasetVersion, DeletedVersion
from dataops_client.models.fields import decode


class DatasetAdministration:
    """Operations that change what is said about versions. Their files never change."""

    _api: Api

    def add_advisory(
        self,
        reference: str,
        kind: str,
        reason: str,
        *,
        sub_runs: Iterable[str] = (),
        superseded_by: str | None = None,
    ) -> DatasetVersion:
        """Warn users of a version. The data stay available; an equal advisory is not added twice.

        Args:
            reference: `NAME@VERSION`.
            kind: `superseded`, `deprecated` or `withdrawn`.
            reason: Explanation for users of the data.
            sub_runs: Sub-runs that are concerned, `<nc>/<id_run>/<sub_run>`; all by default.
            superseded_by: Number of the version that replaces this one.

        Returns:
            The version, with its advisories.

        Raises:
            AccessDenied: The token lacks the scope `admin`.
            NotFound: The version does not exist.
            InvalidRequest: A parameter is invalid.

        Example:
            >>> client.add_advisory("cuzr@1.0.0", "withdrawn", "wrong k-points").withdrawn
            True
        """
        body: dict[str, object] = {"kind": kind, "reason": reason}
        if found := list(sub_runs):
            body["sub_runs"] = found
        if superseded_by:
            body["superseded_by"] = superseded_by
        path = f"{parse_reference(reference, exact=True).path}/advisories"
        response = self._api.post(path, body, idempotency_key=uuid.uuid4().hex)
        return decode(DatasetVersion, response.json())

    def set_dataset_doi(self, reference: str, doi: str) -> DatasetVersion:
        """Record the DOI of a version, which then cannot be deleted any more.

        Args:
            reference: `NAME@VERSION`.
            doi: DOI, such as `10.5281/zenodo.123`.

        Returns:
            The version.

        Raises:
            AccessDenied: The token lacks the scope `admin`.
            Conflict: Another DOI is recorded.

        Example:
            >>> client.set_dataset_doi("cuzr@1.2.0", "10.5281/zenodo.123").doi
            '10.5281/zenodo.123'
        """
        path = parse_reference(reference, exact=True).path
        return decode(DatasetVersion, self._api.send("PATCH", path, {"doi": doi}).json())

    def delete_dataset(self, reference: str, reason: str) -> DeletedVersion:
        """Delete a version. Requests for it return its title, content id and the reason.

        Args:
            reference: `NAME@VERSION`.
            reason: Explanation for users of the data.

        Returns:
            The tombstone.

        Raises:
            AccessDenied: The token lacks the scope `admin`.
            Conflict: A DOI is recorded for the version.

        Example:
            >>> client.delete_dataset("cuzr@1.0.0", "a test").reason
            'a test'
        """
        path = parse_reference(reference, exact=True).path
        query = urlencode({"reason": reason})
        return decode(DeletedVersion, self._api.send("DELETE", f"{path}?{query}").json())
