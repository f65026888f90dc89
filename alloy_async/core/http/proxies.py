"""Which proxy a service is reached through: the option's, the environment's, the system's, or none."""

from __future__ import annotations

import ipaddress
import os
import sys
import urllib.request
from base64 import b64encode

from yarl import URL

from ..errors import ConfigurationError

VARIABLES = {"http": ("http_proxy", "HTTP_PROXY"), "https": ("https_proxy", "HTTPS_PROXY")}
FOR_ALL = ("all_proxy", "ALL_PROXY")
EXCEPT = ("no_proxy", "NO_PROXY")


class Proxy:
    """A proxy, with the credential that may be in its address."""

    def __init__(self, url: URL) -> None:
        self.url: URL = url

    @property
    def authorization(self) -> str | None:
        """The value of Proxy-Authorization that its address asks for (RFC 7617)."""
        if self.url.user is None and self.url.password is None:
            return None
        pair = f"{self.url.user or ''}:{self.url.password or ''}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    def __repr__(self) -> str:
        return f"<Proxy {self.url.host}:{self.url.port}>"


def find_proxy(base: URL, given: str | None) -> Proxy | None:
    """Return the proxy for a service.

    Args:
        base: the service's address.
        given: the option `proxy`; None looks at the environment, an empty text means none at all.

    Raises:
        ConfigurationError: what is set is not the URL of an HTTP proxy; the message tells where it is set.
    """
    if given is not None:
        if not isinstance(given, str):
            raise ConfigurationError(f"proxy is the URL of a proxy, as text; got {type(given).__name__}")
        return _parse_proxy(given, "proxy") if given else None
    # A program that runs as CGI gets HTTP_PROXY from whoever sends it a header "Proxy".
    hidden = {"HTTP_PROXY"} if "REQUEST_METHOD" in os.environ else set()
    for name in (*VARIABLES.get(base.scheme, ()), *FOR_ALL):
        text = os.environ.get(name)
        if text and name not in hidden:
            excepted = next((os.environ[name] for name in EXCEPT if os.environ.get(name)), "")
            return (
                None
                if is_excepted_from_proxy(base, excepted)
                else _parse_proxy(text, f"the environment's {name}")
            )
    if any(os.environ.get(name) for names in VARIABLES.values() for name in names):
        return None
    return _find_proxy_in_os_settings(base)


def _find_proxy_in_os_settings(base: URL) -> Proxy | None:
    """Find what the settings of macOS and Windows say; nobody is asked elsewhere, so that a client costs less."""
    if sys.platform not in ("darwin", "win32"):
        return None
    text = urllib.request.getproxies().get(base.scheme)
    if not text or urllib.request.proxy_bypass(base.host or ""):
        return None
    return _parse_proxy(text, "the system's proxy setting")


def _parse_proxy(text: str, origin: str) -> Proxy:
    """Parse the proxy that a text means; messages never repeat it, since it may hold a password."""
    if "://" not in text:
        text = f"http://{text}"
    scheme = text.partition("://")[0].lower()
    if scheme not in ("http", "https"):
        raise ConfigurationError(
            f"{origin} is a {scheme} proxy, and only http:// and https:// proxies are spoken to here;"
            " give session= an aiohttp.ClientSession with a connector that speaks to it (as aiohttp-socks has),"
            " or proxy='' to go without"
        )
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if not url.host or not text.isprintable():
        raise ConfigurationError(f"{origin} is not the URL of a proxy, as http://proxy.example:3128")
    return Proxy(url)


def is_excepted_from_proxy(base: URL, no_proxy: str) -> bool:
    """Tell whether NO_PROXY names a host.

    Its entries, between commas or blanks: `*` for all; a domain for itself and what is below it, also written `.domain` or
    `*.domain`; an IP address, or a block of them (10.0.0.0/8, fd00::/8); each with or without a port.
    """
    host = (base.host or "").rstrip(".").lower()
    return any(_entry_matches(entry.lower(), host, base.port) for entry in no_proxy.replace(",", " ").split())


def _entry_matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    entry, wanted = _split_port(entry)
    if wanted is not None and wanted != str(port):
        return False
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        domain = entry.removeprefix("*").strip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _split_port(entry: str) -> tuple[str, str | None]:
    """Host and port of an entry; an IPv6 address has a port only where it stands in brackets."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        if rest.startswith("/"):
            return host + rest, None
        return host, rest[1:] or None
    host, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and ":" not in host:
        return host, port
    return entry, None
