"""A small disk of one's own, which can be full: a file system in memory, where this process may mount one."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

_MEGABYTES = 160
"""What a new database takes, and some more."""


class CannotMount(Exception):
    """This process may not mount file systems."""


@attrs.frozen
class SmallDisk:
    """A disk that is mounted.

    Args:
        folder: where.
    """

    folder: Path

    def fill(self) -> None:
        """Take what is left of it."""
        with contextlib.suppress(OSError), (self.folder / "ballast").open("ab", buffering=0) as file:
            while file.write(b"0" * 4096):
                pass

    def clear(self) -> None:
        """Give that back."""
        (self.folder / "ballast").unlink()


@contextlib.contextmanager
def mount_small_disk() -> Iterator[SmallDisk]:
    """Mount a small disk, and take it away again.

    Raises:
        CannotMount: that is not allowed, or there is no such thing here.
    """
    with tempfile.TemporaryDirectory(prefix="disk") as place:
        try:
            options = ["-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=1777", "tmpfs", place]
            subprocess.run(["mount", *options], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise CannotMount(str(error)) from error
        try:
            yield SmallDisk(Path(place))
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)
