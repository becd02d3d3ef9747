"""HTTP client of the object store that presigned URLs lead to."""

from __future__ import annotations

from collections.abc import Mapping

import urllib3

from dataops_client.connections import Connections
from dataops_client.errors import UnexpectedResponse


class ObjectStoreClient:
    """Sends GET requests without the token and cookies of the API."""

    def __init__(self, user_agent: str, timeout_seconds: float) -> None:
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._connections = Connections(timeout_seconds)

    def get(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Return the response with its body unread. The caller closes it.

        Raises:
            urllib3.exceptions.HTTPError: The connection cannot be made, stalls or breaks off.
            UnexpectedResponse: `url` is not an http or https address.
        """
        try:
            return self._connections.request("GET", url, {**self._headers, **headers})
        except ValueError as error:
            raise UnexpectedResponse(
                f"'download_url' of the API's response is not a valid URL: {error}"
            ) from error

    def close(self) -> None:
        self._connections.close()
