"""A request as it is written: its head, made once for an operation and a credential, and the rest, which each call makes.

Both hold secrets, so neither shows anything of itself: a traceback with local variables goes through the frames of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from multidict import CIMultiDict

from ..errors import ConfigurationError
from .proxies import Proxy

if TYPE_CHECKING:
    from ..messages.multipart import Multipart

Body: TypeAlias = "bytes | Multipart | None"

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Verbs for which no body means no Content-Length either; for the others it is told to be 0 (RFC 9110, 8.6)."""
OF_THE_TRANSPORT = frozenset({"content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"})
"""Headers that say how a message is framed. Another value than the true one would let two messages run into each other."""

_NAME = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_FORBIDDEN = r"[\x00-\x08\x0a-\x1f\x7f]"


class RequestHead:
    """Verb and headers of an operation's requests, as bytes around the target.

    Args:
        verb: in capitals.
        prefix: what stands before each target: the path of the base URL; through a proxy, the whole of that URL.
        headers: all that are sent, but for those of the body's framing.
        proxy: one that takes whole requests; what is in its address to be let through goes to it with each of them.

    Raises:
        ConfigurationError: a header cannot be sent; the message has its name, not its value.
    """

    __slots__ = ("after_target", "before_target", "headers", "rest_without_body", "verb")

    def __init__(
        self, verb: str, prefix: str, headers: Mapping[str, str], proxy: Proxy | None = None
    ) -> None:
        self.verb: str = verb
        self.headers: CIMultiDict[str] = CIMultiDict(headers)
        _check_headers(self.headers)
        lines = [f"{name}: {value}\r\n" for name, value in self.headers.items()]
        if proxy is not None and proxy.authorization:
            lines.append(f"Proxy-Authorization: {proxy.authorization}\r\n")
        self.before_target: bytes = f"{verb} {prefix}".encode()
        self.after_target: bytes = f" HTTP/1.1\r\n{''.join(lines)}".encode()
        self.rest_without_body: bytes = (
            self.after_target + (b"" if verb in WITHOUT_BODY else b"Content-Length: 0\r\n") + b"\r\n"
        )


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not re.fullmatch(_NAME, name):
            raise ConfigurationError(f"headers: {name!r} is not the name of a header")
        if name.lower() in OF_THE_TRANSPORT:
            raise ConfigurationError(
                f"headers: {name} is set by the client itself, which frames the requests"
            )
        if re.search(_FORBIDDEN, value):
            raise ConfigurationError(
                f"headers: the value of {name} holds a control character; nothing was sent"
            )


class OutgoingRequest:
    """One request, and whether any of it may have been written.

    Args:
        head: see there.
        target: path and query below the base URL, percent-encoded.
        body: bytes, or a Multipart that is open, or nothing.
    """

    __slots__ = ("body", "head", "target", "written")

    def __init__(self, head: RequestHead, target: str, body: Body) -> None:
        self.head: RequestHead = head
        self.target: str = target
        self.body: Body = body
        self.written: bool = False
        """Set before the first byte is handed over, so that where it is False the server surely knows nothing."""

    def encode(self) -> bytes:
        """Return the request's bytes: all of them, or the head where the body comes in pieces."""
        head, body = self.head, self.body
        if body is None:
            return head.before_target + self.target.encode("ascii") + head.rest_without_body
        if isinstance(body, bytes):
            return b"%b%b%bContent-Length: %d\r\n\r\n%b" % (
                head.before_target,
                self.target.encode("ascii"),
                head.after_target,
                len(body),
                body,
            )
        framing = "Transfer-Encoding: chunked" if body.size is None else f"Content-Length: {body.size}"
        body_head = f"{framing}\r\nContent-Type: {body.content_type}\r\n\r\n".encode()
        return head.before_target + self.target.encode("ascii") + head.after_target + body_head
