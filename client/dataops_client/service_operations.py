"""Methods of `DataOpsClient` that describe the service and its data."""

from __future__ import annotations

from dataops_client.api import Api
from dataops_client.errors import UnexpectedResponse
from dataops_client.models.fields import decode, get_field, get_strings
from dataops_client.models.service import DatasetInfo, Identity
from dataops_client.models.summary import CompositionSummary

_MAX_PAGES = 1_000


class ServiceOperations:
    """Operations on the service as a whole."""

    _api: Api

    def compositions(self) -> list[str]:
        """Return the nominal compositions that have data, sorted by name.

        Returns:
            The compositions.

        Raises:
            AccessDenied: The token is missing or invalid.

        Example:
            >>> client.compositions()
            ['Zr49Cu49Al2', 'Zr50Cu40Al10']
        """
        return list(get_strings(self._api.get("/v1/compositions").json(), "compositions"))

    def summary(self) -> dict[str, CompositionSummary]:
        """Return numbers over the scheduled runs of each composition: outcomes, bonds, energies.

        The outcomes are those of earlier requests of statuses; no file is read.

        Returns:
            The summaries by composition. Compositions without scheduled runs are missing.

        Raises:
            NotFound: The API is too old to summarise.
            UnexpectedResponse: The pages do not end.

        Example:
            >>> client.summary()["Zr49Cu49Al2"].outcomes
            {'DONE': 14, 'SCF_NOT_CONVERGED': 1}
        """
        found: dict[str, CompositionSummary] = {}
        query: dict[str, str] | None = {"limit": "1000"}
        for _ in range(_MAX_PAGES):
            response = self._api.get("/v1/summary", query)
            for body in get_field(response.json(), "compositions", list):
                one = CompositionSummary.from_json(body)
                found[one.nc] = found[one.nc].add(one) if one.nc in found else one
            query = response.get_next_query()
            if query is None:
                return found
        raise UnexpectedResponse(f"the summary has no end; {_MAX_PAGES} pages were read")

    def dataset_info(self) -> DatasetInfo:
        """Return the description of the data set: name, licence, creators and citation.

        Returns:
            The description.

        Raises:
            AccessDenied: The token is missing or invalid.
            NotFound: The API is older than this description.

        Example:
            >>> client.dataset_info().license
            'CC-BY-4.0'
        """
        return decode(DatasetInfo, self._api.get("/v1/dataset-info").json())

    def whoami(self) -> Identity:
        """Return the identity of the caller: name, scopes and expiry of the token.

        Returns:
            The identity. Without authentication, `auth` is `none`.

        Raises:
            AccessDenied: The token is missing or invalid.
            NotFound: The API is too old to report it.

        Example:
            >>> client.whoami().scopes
            ('read', 'schedule')
        """
        return decode(Identity, self._api.get("/v1/whoami").json())

    def api_version(self) -> str:
        """Return the version of the API.

        Returns:
            The version.

        Raises:
            UnexpectedResponse: The service is not a DataOps API.

        Example:
            >>> client.api_version()
            '1.0.0'
        """
        info = get_field(self._api.get("/openapi.json").json(), "info", dict)
        return get_field(info, "version", str)
