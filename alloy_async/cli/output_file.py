"""The file that an option names for output: it is replaced as a whole or not at all, and stays what it was.

What cannot be made again is never replaced: a job, a part of one, rows that somebody corrected.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

OUTPUT_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
"""The type of an option that names such a file, with `take_dash` as its callback."""

_DATABASE = b"SQLite format 3\0"
_LOGS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a job while somebody works on it, and after a crash."""


def take_dash(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Take - and /dev/stdout for standard output, which is None."""
    return None if path in (Path("-"), Path("/dev/stdout")) else path


def require_regular_file(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a device or a pipe, where the file is to be read again later."""
    if path is not None and _is_special(path):
        raise click.UsageError(f"{option.opts[0]} {path} is not a regular file; give another place")
    return path


@contextmanager
def open_output_file(
    path: Path, *, private: bool = False, may_replace_rows: bool = False
) -> Iterator[BinaryIO]:
    """Open a file that gets its name when all is written, so that half a result is never taken for a whole one.

    Where a file of that name is replaced, it keeps its permissions; of a symbolic link, the file that it leads to is replaced.
    A device or a pipe, as /dev/null or >(gzip), is written to as it is.

    Args:
        path: the file.
        private: a new file is its owner's only, as one that holds people's data.
        may_replace_rows: a file of rows that did not go in may be replaced, as nobody corrected anything in it.

    Raises:
        OSError: it cannot be written, or must not be replaced; the error names the path.
    """
    if _is_special(path):
        with path.open("wb") as file:
            yield file
        return
    place = path.resolve()
    try:
        part = _create_part(place, private=private, may_replace_rows=may_replace_rows)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with part.open("wb") as file:
            yield file
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def write_output_file(path: Path, text: str) -> None:
    """Write a text about people to a file as `open_output_file` does, as UTF-8."""
    with open_output_file(path, private=True) as file:
        file.write(text.encode())


def check_output_file(path: Path) -> None:
    """Check that a file can be written, and that it is not a job: before the work whose result it is for.

    Raises:
        OSError: it cannot be written.
    """
    if not _is_special(path):
        _create_part(path.resolve(), private=True, may_replace_rows=True).unlink()


def is_failed_rows_file(path: Path) -> bool:
    """Tell by its first bytes whether a file is one of rows that did not go in."""
    from ..provisioning.sources import EXTRA_COLUMNS

    return _read_start(path).lstrip(b'\xef\xbb\xbf{" ').startswith(EXTRA_COLUMNS[0].encode())


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _create_part(place: Path, *, private: bool, may_replace_rows: bool) -> Path:
    """Create an empty file beside the place, with the permissions of what stands there."""
    if what := _find_irreplaceable(place, may_replace_rows=may_replace_rows):
        raise FileExistsError(0, f"is {what}; give another place")
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o600 if private else 0o666
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))  # less the umask
    if place.exists():
        part.chmod(mode)
    return part


def _find_irreplaceable(place: Path, *, may_replace_rows: bool) -> str | None:
    if _is_database(place):
        return "a database, as jobs are"
    if not may_replace_rows and is_failed_rows_file(place):
        return "a file of rows that did not go in, which somebody may have corrected"
    log = next((ending for ending in _LOGS if place.name.endswith(ending)), None)
    return "a part of a job" if log and _is_database(place.with_name(place.name.removesuffix(log))) else None


def _is_database(path: Path) -> bool:
    return _read_start(path) == _DATABASE


def _read_start(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(len(_DATABASE))
