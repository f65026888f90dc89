"""The file of profiles: one TOML file of the user's."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from ..errors import ConfigurationError
from .profile import PROFILE_VARIABLE, Profile, parse_profile

FILE_VARIABLE = "ALLOY_ASYNC_PROFILES"
"""The environment variable with the path of another file of profiles."""


def get_profile_file_path() -> Path:
    """Find where the file of profiles is, or would be: ALLOY_ASYNC_PROFILES, else profiles.toml in the user's settings.

    Raises:
        ConfigurationError: platformdirs is not installed, which knows the folder.
    """
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    try:
        from platformdirs import user_config_path
    except ImportError:
        raise ConfigurationError(
            f"profiles need platformdirs: pip install 'alloy-async[profiles]', or set {FILE_VARIABLE} to the file's path"
        ) from None
    return user_config_path("alloy-async", appauthor=False) / "profiles.toml"


def load_profiles(path: Path | None = None) -> Mapping[str, Profile]:
    """Load all profiles, by name; none where there is no file.

    Args:
        path: the file; default `get_profile_file_path()`.

    Raises:
        ConfigurationError: the file cannot be read, or a profile in it is wrong; the message names file and profile.
    """
    path = path or get_profile_file_path()
    return {name: _parse_table(path, name, table) for name, table in _read_tables(path).items()}


def list_profile_names() -> list[str]:
    """List the names of all profiles, also of those that are wrong; none where there is no file.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    return [*_read_tables(get_profile_file_path())]


def _read_tables(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & stat.S_IWOTH:
                raise ConfigurationError(
                    f"{path}: everybody on this host can write to it, and so say where your credentials go:  chmod o-w {path}"
                )
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path}: the profiles cannot be read: {error.strerror}") from None
    except UnicodeError:
        raise ConfigurationError(f"{path}: is not TOML: this is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None


def _parse_table(path: Path, name: str, table: object) -> Profile:
    try:
        return parse_profile(name, table, path.parent.absolute())
    except ValueError as error:
        raise ConfigurationError(f"{path}: profile {name!r}: {error}") from None


def load_profile(name: str | None = None) -> Profile:
    """Load one profile; what is wrong with others does not matter.

    Args:
        name: default the one that ALLOY_ASYNC_PROFILE names.

    Raises:
        ConfigurationError: there is no such profile, it is wrong, or none is named.
    """
    name = name or os.environ.get(PROFILE_VARIABLE)
    if not isinstance(name, str | None):
        raise ConfigurationError(f"a profile's name is text, got {type(name).__name__}")
    if not name:
        raise ConfigurationError(f"name a profile, or set {PROFILE_VARIABLE}")
    path = get_profile_file_path()
    tables = _read_tables(path)
    if name not in tables:
        close = get_close_matches(name, tables, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(tables) or 'none'}"
        if not path.exists():
            hint = f"nor is there such a file; write it, with [{name}] and its system, or set {FILE_VARIABLE}"
        raise ConfigurationError(f"{path}: there is no profile {name!r}; {hint}")
    return _parse_table(path, name, tables[name])
