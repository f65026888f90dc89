"""Files in other places than this host's: s3://, gs://, abfs://, https:// and whatever else fsspec reads."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, urlsplit

from ....core.errors import ConfigurationError
from ...async_helpers import raise_if_cancelled
from ...errors import SourceError
from ..field_names import is_secret_name
from .compression import decompress_stream
from .input_bytes import read_head

_PIECE = 1 << 20
_SIGNATURES = re.compile(
    r"(?i)sig|signature|x-amz-.*|x-goog-.*|awsaccesskeyid|.*(?:token|secret|credential|key)"
)
"""Parameters by which somebody who has the URL gets the file."""
_DRIVERS = {"s3fs": "alloy-async[s3]", "gcsfs": "alloy-async[gs]", "adlfs": "alloy-async[abfs]"}
"""The extras that bring a driver."""
_VERSION_FACTS = re.compile(
    r"(?i)size|etag|mtime|last_?modified|updated|created|generation|md5hash|content-md5|version_?id"
)
"""What the drivers call the facts of a file that differ when it was changed."""


class RemoteInput:
    """A file that fsspec reads, which must stay as it is between two readings.

    Args:
        url: of the file. Its driver takes the credential from where it always does: environment, profile, instance.

    Raises:
        ConfigurationError: fsspec or the driver is not installed, there is no driver, or the URL holds a secret.
        SourceError: the file cannot be read.
    """

    head: bytes
    whole: bool

    def __init__(self, url: str) -> None:
        _refuse_secrets(url)
        self.name = url
        self._files, self._place = _find_driver(url)
        self._fingerprint = self._read_version_marks()
        with self.open_stream() as stream:
            self.head, self.whole = read_head(stream)

    def open_stream(self) -> BinaryIO:
        """Open all of it, from the start."""
        self._refuse_changed_file()
        return decompress_stream(self._open_remote_file(), self.name)

    def try_open_seekable(self) -> BinaryIO:
        """Open a copy of the file, to be read in any order; nobody else sees it, and it is gone when it is closed.

        Not every server gives parts of a file, and a reader that jumps about would fetch most parts many times.
        """
        self._refuse_changed_file()
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            with self._open_remote_file() as file:
                shutil.copyfileobj(file, copy, _PIECE)
            copy.seek(0)
        except BaseException:
            copy.close()
            raise
        return cast(BinaryIO, copy)

    def try_open_at_line(self, line: int, encoding: str) -> None:
        """Return None: all that stands before it would have to come, too."""

    def digest(self) -> str:
        """Return the SHA-256 of the file as it lies there."""
        found = hashlib.sha256()
        with self._open_remote_file() as file:
            while data := file.read(_PIECE):
                found.update(data)
        return f"sha256:{found.hexdigest()}"

    def _open_remote_file(self) -> BinaryIO:
        with _raise_as_source_error(self.name):
            file = self._files.open(self._place, "rb")
        return io.BufferedReader(_RemoteStream(file, self.name), _PIECE)

    def _refuse_changed_file(self) -> None:
        if self._read_version_marks() != self._fingerprint:
            raise SourceError("the file was changed while it was being read", self.name)

    def _read_version_marks(self) -> dict[str, str]:
        """Read what differs when the file was changed between two passes."""
        with _raise_as_source_error(self.name):
            self._files.invalidate_cache()  # drivers remember a listing
            facts = self._files.info(self._place)
        if facts.get("type") == "directory":
            raise SourceError("this is a folder; give a file", self.name)
        return {name: str(fact) for name, fact in facts.items() if _VERSION_FACTS.fullmatch(name)}


class _RemoteStream(io.RawIOBase):
    """A file of a driver from its start on, with errors of ours: each driver raises its own."""

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        raise_if_cancelled()
        with _raise_as_source_error(self._name):
            part = self._file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


@contextmanager
def _raise_as_source_error(name: str) -> Iterator[None]:
    try:
        yield
    except (SourceError, ImportError):
        raise
    except Exception as error:  # each driver raises its own
        raise SourceError(f"cannot be read: {_describe_driver_error(error)}", name) from None


def _describe_driver_error(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        # Over HTTP, whatever goes wrong comes as this, with what it really was as its cause.
        return _describe_driver_error(error.__cause__) if error.__cause__ else "there is no such file"
    return " ".join(str(error).split()) or type(error).__name__


def _find_driver(url: str) -> tuple[Any, str]:
    """Find the driver of a URL, and the file's name for it."""
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise ConfigurationError(
            f"{url} is a URL, which needs a package that is not installed."
            " Install it with:  pip install 'alloy-async[remote]'"
        ) from None
    scheme = url.partition("://")[0].rpartition("::")[2]
    try:
        with _raise_as_source_error(url):
            files, place = url_to_fs(url, skip_instance_cache=True)
    except ImportError as error:
        cause = getattr(error.__cause__, "name", None) or getattr(error, "name", None) or scheme
        package = cause.partition(".")[0]
        extra = f"'{_DRIVERS[package]}'" if package in _DRIVERS else package
        raise ConfigurationError(
            f"{url}: the driver of {scheme}:// is not installed ({error}). Install it with:  pip install {extra}"
        ) from None
    except SourceError as error:
        if "Protocol not known" not in str(error):
            raise
        raise ConfigurationError(f"{url}: there is no driver that reads {scheme}://") from None
    return files, str(place)


def _refuse_secrets(url: str) -> None:
    """Refuse a URL that itself opens the file: it would stand in the process list, and a job must be able to keep it."""
    for part in url.split("::"):
        parts = urlsplit(part)
        account, at, _ = parts.netloc.rpartition("@")
        is_login = at and (":" in account or parts.scheme in ("http", "https")) and parts.scheme != "github"
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
        if is_login or any(is_secret_name(name) or _SIGNATURES.fullmatch(name) for name in names):
            raise ConfigurationError(
                f"the URL of the source ({parts.scheme}://...) holds a secret, and a job keeps the URL to read the file again."
                " Leave it out, and give it where the driver looks for it (environment, profile);"
                " or feed the file in:  curl URL | alloy-async provision -"
            )
