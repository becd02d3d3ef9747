"""HTTP connections to the API and the object store, without redirects and cookies.

urllib3 needs a third of the CPU time of httpx per gigabyte, and less than curl in total.
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

from dataops_client.errors import InvalidRequest

_HOST_AND_PORT = re.compile(r"(\[.*\]|[^:]*)(?::([0-9]+))?")


class Connections:
    """Connection pools, one per proxy. Proxies are read from the environment for each request."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = urllib3.Timeout(timeout_seconds)
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Return the response with its body unread. The caller closes it.

        Raises:
            urllib3.exceptions.HTTPError: The connection cannot be made, stalls or breaks off.
            ValueError: `url` is not an http or https URL.
            InvalidRequest: The environment names an invalid proxy.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not an http or https URL")
        pool = self._get_pool(get_proxy(url))
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

    def _get_pool(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy not in self._pools:
            options: dict[str, Any] = {"maxsize": 16, "retries": False, "timeout": self._timeout}
            self._pools[proxy] = (
                _build_proxy_pool(proxy, options) if proxy else urllib3.PoolManager(**options)
            )
        return self._pools[proxy]


def get_proxy(url: str) -> str | None:
    """Return the proxy for `url`, or None.

    It is set by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, or by the system's settings. An
    entry of NO_PROXY is `*`, a host (which includes its subdomains), an IP address or a network
    such as `10.0.0.0/8`, with an optional scheme and port.
    """
    address, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    host = (address.hostname or "").lower()
    if not proxy or proxy_bypass(f"{host}:{address.port}" if address.port else host):
        return None
    for entry in (entry.strip().lower() for entry in proxies.get("no", "").split(",")):
        scheme, _, location = entry.rpartition("://")
        found = _HOST_AND_PORT.fullmatch(location)
        name, port = (found[1], found[2]) if found else (location, None)
        if (
            scheme in ("", "all", address.scheme)
            and port in (None, str(address.port))
            and _matches_host(host, name)
        ):
            return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _matches_host(host: str, name: str) -> bool:
    name = name.strip("[]").removeprefix("*").removeprefix(".")
    with suppress(ValueError):
        return ip_address(host) in ip_network(name, strict=False)
    return bool(name) and (host == name or host.endswith(f".{name}"))


def is_loopback(url: str) -> bool:
    """Return True if the host of `url` is a loopback address or `localhost`."""
    host = (urlsplit(url).hostname or "").lower()
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _build_proxy_pool(proxy: str, options: Mapping[str, Any]) -> urllib3.PoolManager:
    shown = proxy.rpartition("@")[2]  # without the password
    try:
        if proxy.startswith("socks"):
            from urllib3.contrib.socks import SOCKSProxyManager  # noqa: PLC0415 - requires PySocks

            return SOCKSProxyManager(proxy, **options)
        credentials = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
        headers = urllib3.make_headers(proxy_basic_auth=credentials) if credentials else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
    except ImportError:
        raise InvalidRequest(
            f"SOCKS proxy {shown!r} requires the package PySocks: pip install PySocks"
        ) from None
    except ValueError:
        raise InvalidRequest(
            f"invalid proxy {shown!r}; set HTTP_PROXY, HTTPS_PROXY or ALL_PROXY to a URL"
        ) from None
