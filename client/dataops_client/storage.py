"""The object store that presigned URLs lead to.

By urllib3 and not by httpx, as the API: a gigabyte costs a third of the processor time there, and less than curl needs in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError

from .errors import UnexpectedAnswer

BROKEN = HTTPError
"""What a connection raises that cannot be made, stalls or breaks off."""


class Storage:
    """Gets nothing of what the API gets: no token, no cookies. Redirects are not followed; proxies are those of the environment."""

    def __init__(self, user_agent: str, timeout_seconds: float) -> None:
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._timeout = urllib3.Timeout(timeout_seconds)
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def get(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """The answer, whose body is still to be read; close it. BROKEN, and UnexpectedAnswer for what is no address."""
        try:
            address = urlsplit(url)
            pool = self._pool(None if proxy_bypass(address.netloc) else getproxies().get(address.scheme))
            headers = {**self._headers, **headers}
            return pool.request("GET", url, headers=headers, preload_content=False, decode_content=False, redirect=False)
        except (LocationParseError, ValueError) as error:
            raise UnexpectedAnswer(f"'download_url' of the API's answer is no address: {error}") from error

    def close(self) -> None:
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy not in self._pools:
            options = {"maxsize": 16, "retries": False, "timeout": self._timeout}
            self._pools[proxy] = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)  # type: ignore[arg-type]
        return self._pools[proxy]
