"""How each system finds the credential of a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .messages import ApiError


class HeaderKey:
    """A key in a header, after a scheme in either case ("bearer KEY") or alone.

    Args:
        header: the header's name.
        scheme: the word before the key; None when the key stands alone.
    """

    def __init__(self, header: str, scheme: str | None = None) -> None:
        self._header = header
        self._scheme = scheme

    def __call__(
        self,
        headers: Mapping[str, str],
        query: list[tuple[str, str]],
        keys: Collection[str] | None,
    ) -> str:
        value = headers.get(self._header)
        if not value:
            raise ApiError(401, f"The {self._header} header is missing.")
        key = value
        if self._scheme is not None:
            scheme, _, key = value.partition(" ")
            if scheme.lower() != self._scheme.lower() or not key:
                raise ApiError(401, f"The {self._header} header is not of the form '{self._scheme} KEY'.")
        if keys is not None and key not in keys:
            raise ApiError(401, f"The key in the {self._header} header is not known.")
        return key
