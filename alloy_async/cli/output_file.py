"""The file that an option names for output: it is replaced as a whole or not at all, and stays what it was."""

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


def take_dash(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Take - and /dev/stdout for standard output, which is None."""
    return None if path in (Path("-"), Path("/dev/stdout")) else path


def refuse_special_file(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a device or a pipe, where the file is to be read again later."""
    if path is not None and _is_special(path):
        raise click.UsageError(f"{option.opts[0]} {path} is not a regular file; give another place")
    return path


@contextmanager
def open_output_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name when all is written, so that half a result is never taken for a whole one.

    Where a file of that name is replaced, it keeps its permissions; of a symbolic link, the file that it leads to is replaced.
    A device or a pipe, as /dev/null or >(gzip), is written to as it is.

    Raises:
        OSError: it cannot be written; the error names the path.
    """
    if _is_special(path):
        with path.open("wb") as file:
            yield file
        return
    place = path.resolve()
    try:
        part = _create_part(place)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with part.open("wb") as file:
            yield file
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def write_output_file(path: Path, text: str) -> None:
    """Write a text to a file as `open_output_file` does, as UTF-8."""
    with open_output_file(path) as file:
        file.write(text.encode())


def check_output_file(path: Path) -> None:
    """Check that a file can be written, and that it is no job: before the work whose result it is for.

    Raises:
        OSError: it cannot be written.
    """
    if not _is_special(path):
        _create_part(path.resolve()).unlink()


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _create_part(place: Path) -> Path:
    """Create an empty file beside the place, with the permissions of what stands there."""
    mode = 0o666  # less the umask
    if place.exists():
        mode = stat.S_IMODE(place.stat().st_mode)
        with place.open("rb") as file:
            if file.read(len(_DATABASE)) == _DATABASE:
                raise FileExistsError(0, "is a database, as jobs are; give another place")
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    if place.exists():
        part.chmod(mode)
    return part
