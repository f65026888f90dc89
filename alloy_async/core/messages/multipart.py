"""multipart/form-data: a request's body that is sent in pieces, and again only where its files can be read again."""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from ..errors import InvalidRequest
from .upload import Upload, UploadSource


class Multipart:
    """One request's multipart/form-data body. `async with` opens its files, and closes those that were not open before.

    Args:
        operation: the method's name, for errors.
        texts: names and values of the plain parts; they come first.
        files: names of the arguments, names of the parts, and what to upload in them.
    """

    def __init__(
        self, operation: str, texts: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, Upload]]
    ) -> None:
        self._operation = operation
        self._files = [(argument, UploadSource(upload)) for argument, _, upload in files]
        self.is_open: bool = False
        boundary = secrets.token_hex(16)
        self.content_type: str = f"multipart/form-data; boundary={boundary}"
        self._sections: list[bytes | UploadSource] = []
        for name, text in texts:
            self._sections.append(_encode_head(boundary, name) + text.encode() + b"\r\n")
        for (_, name, upload), (_, source) in zip(files, self._files, strict=True):
            filename = source.filename or name
            media = upload.content_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
            self._sections += [_encode_head(boundary, name, filename, media), source, b"\r\n"]
        self._sections.append(f"--{boundary}--\r\n".encode())

    @property
    def repeatable(self) -> bool:
        """Whether it can be sent (again): a source that cannot be rewound can be read only once."""
        return all(source.repeatable for _, source in self._files)

    @property
    def size(self) -> int | None:
        """Bytes of the whole body, or None where a source does not tell."""
        sizes = [len(part) if isinstance(part, bytes) else part.size for part in self._sections]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    async def __aenter__(self) -> Self:
        """Open the files.

        Raises:
            InvalidRequest: a file cannot be read; the message names it.
        """
        self.is_open = True
        try:
            for argument, source in self._files:
                await self._prepare_file(argument, source)
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def _prepare_file(self, argument: str, source: UploadSource) -> None:
        try:
            await asyncio.to_thread(source.open_and_measure)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise InvalidRequest(
                f"{argument}: cannot read {source.label}: {why}; nothing was sent", operation=self._operation
            ) from error

    def _close(self) -> None:
        for _, source in self._files:
            source.close()

    async def read_pieces(self) -> AsyncIterator[bytes]:
        """Read the body from its beginning; each attempt takes its own.

        Raises:
            UploadSourceFailed: a source broke off, or has not the size that was announced.
        """
        for section in self._sections:
            if isinstance(section, bytes):
                yield section
                continue
            async for piece in section.read_pieces():
                yield piece


def _encode_head(boundary: str, name: str, filename: str | None = None, media: str | None = None) -> bytes:
    lines = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quote_parameter(name)}"'
    if filename is not None:
        lines += f'; filename="{_quote_parameter(filename)}"\r\nContent-Type: {media}'
    return f"{lines}\r\n\r\n".encode(errors="replace")


def _quote_parameter(text: str) -> str:
    """Quote as browsers do: UTF-8, with what would end the value percent-encoded."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
