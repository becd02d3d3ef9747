"""HTTP connections of the client, to the API and to the storage: no redirects, no cookies, one rule for proxies.

By urllib3: a gigabyte costs a third of the processor time that httpx takes, and less than curl needs in all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from dataops_client.errors import InvalidRequest

_HOST_AND_PORT = re.compile(r"(\[.*\]|[^:]*)(?::([0-9]+))?")
CONNECTION_ERRORS = HTTPError
"""Raised by a connection that cannot be made, stalls or breaks off."""


class Connections:
    """Connection pools, one per proxy. Proxies are read from the environment at each request."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = urllib3.Timeout(timeout_seconds)
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Return the response with its body unread; the caller closes it.

        Raises:
            BROKEN: the connection cannot be made, stalls or breaks off.
            ValueError: `url` is not an http or https address.
            InvalidRequest: the environment names a proxy that cannot be used.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not an http or https address")
        pool = self._pool(proxy_for(url))
        return pool.request(
            method,
            url,
            headers=headers,
            body=body,
            preload_content=False,
            decode_content=False,
            redirect=False,
        )

    def close(self) -> None:
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy not in self._pools:
            options: dict[str, Any] = {"maxsize": 16, "retries": False, "timeout": self._timeout}
            self._pools[proxy] = (
                _proxy_pool(proxy, options) if proxy else urllib3.PoolManager(**options)
            )
        return self._pools[proxy]


def proxy_for(url: str) -> str | None:
    """Return the proxy for `url` by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (or the system's settings), or None.

    An entry of NO_PROXY is `*`, a host (which includes its subdomains), an IP address or a network such as `10.0.0.0/8`, with or
    without a scheme before it and a port behind it.
    """
    address, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    host = (address.hostname or "").lower()
    if not proxy or proxy_bypass(f"{host}:{address.port}" if address.port else host):
        return None
    for entry in (entry.strip().lower() for entry in proxies.get("no", "").split(",")):
        scheme, _, place = entry.rpartition("://")
        found = _HOST_AND_PORT.fullmatch(place)
        name, port = (found[1], found[2]) if found else (place, None)
        if (
            scheme in ("", "all", address.scheme)
            and port in (None, str(address.port))
            and _is_in(host, name)
        ):
            return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_in(host: str, name: str) -> bool:
    name = name.strip("[]").removeprefix("*").removeprefix(".")
    with suppress(ValueError):
        return ip_address(host) in ip_network(name, strict=False)
    return bool(name) and (host == name or host.endswith(f".{name}"))


def is_loopback(url: str) -> bool:
    """Return True if the host of `url` is this machine by its name."""
    host = (urlsplit(url).hostname or "").lower()
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _proxy_pool(proxy: str, options: Mapping[str, Any]) -> urllib3.PoolManager:
    shown = proxy.rpartition("@")[2]  # a password may stand before it
    try:
        if proxy.startswith("socks"):
            from urllib3.contrib.socks import SOCKSProxyManager  # noqa: PLC0415 - needs the package PySocks

            return SOCKSProxyManager(proxy, **options)
        credentials = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
        headers = urllib3.make_headers(proxy_basic_auth=credentials) if credentials else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
    except ImportError:
        raise InvalidRequest(
            f"the SOCKS proxy {shown!r} of the environment needs a package: pip install PySocks"
        ) from None
    except ValueError:
        raise InvalidRequest(
            f"the proxy {shown!r} of the environment is not an address that can be used"
        ) from None
