"""multipart/form-data, read strictly (RFC 7578)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from aiohttp import parse_content_disposition
from aiohttp.helpers import parse_mimetype

from .schema import Misfit


class FilePart(str):
    """A file that came in a form, known by its SHA-256: the schema describes a file as a string.

    Attributes:
        filename: as the client named it.
        content_type: as the client declared it.
        size: in bytes.
    """

    filename: str
    content_type: str
    size: int

    @classmethod
    def from_bytes(cls, content: memoryview, filename: str, content_type: str) -> FilePart:
        part = cls(hashlib.sha256(content).hexdigest())
        part.filename, part.content_type, part.size = filename, content_type, len(content)
        return part


def parse_form(raw: bytes, content_type: str) -> dict[str, str | FilePart]:
    """Read the parts of a form by name: texts, and files where a part has a filename.

    Raises:
        Misfit: for what is no form, or has a name twice.
    """
    boundary = parse_mimetype(content_type).parameters.get("boundary")
    if not boundary:
        raise Misfit("the content type multipart/form-data names no boundary")
    form: dict[str, str | FilePart] = {}
    for head, content in _split_parts(raw, f"--{boundary}".encode()):
        headers = _parse_headers(head)
        kind, facts = parse_content_disposition(headers.get("content-disposition"))
        name, filename = facts.get("name"), facts.get("filename")
        if kind != "form-data" or name is None:
            raise Misfit("a part of the form has no Content-Disposition form-data with a name")
        if name in form:
            raise Misfit(f"the form has the part {name!r} twice")
        if filename is None:
            form[name] = _decode_text(bytes(content), name)
        else:
            media = headers.get("content-type", "application/octet-stream")
            form[name] = FilePart.from_bytes(content, filename, media)
    return form


def _split_parts(raw: bytes, delimiter: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Split a form into its parts: head and content of each."""
    if not raw.startswith(delimiter + b"\r\n"):
        raise Misfit("the form does not begin with its boundary")
    whole = memoryview(raw)
    start = len(delimiter) + 2
    while True:
        end = raw.find(b"\r\n" + delimiter, start)
        head_end = raw.find(b"\r\n\r\n", start, end)
        if end < 0 or head_end < 0:
            raise Misfit("the form breaks off: a part has no end")
        yield raw[start:head_end], whole[head_end + 4 : end]
        start = end + len(delimiter) + 4
        if raw[start - 2 : start] == b"--":
            if raw[start:] not in (b"", b"\r\n"):
                raise Misfit("the form goes on after its end")
            return
        if raw[start - 2 : start] != b"\r\n":
            raise Misfit("the form has no line end after a boundary")


def _parse_headers(head: bytes) -> dict[str, str]:
    headers = {}
    for line in _decode_text(head, "a part's headers").split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            raise Misfit(f"{line!r} is no header of a part")
        headers[name.strip().lower()] = value.strip()
    return headers


def _decode_text(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Misfit(f"{name} is not UTF-8") from None
