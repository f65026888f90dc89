"""The table of tenants: a TOML file that says of each whose account it is, where its users are, and what is done with them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import ConfigurationError
from ..options.target import PLACE_NAMES
from .entry import Entry, create_entry, find_job
from .table_keys import ACCOUNT_KEYS, KEYS, check_value

_NAME = re.compile(r"[^\W_][\w.-]*")
FOR_ALL = "for all"
"""What mistakes at the top of the table go by."""
_INSTEAD = {
    **{name: f'write place = {{ {name} = "..." }}' for name in PLACE_NAMES},
    **dict.fromkeys(
        ("api_key", "api_key_file", "token", "secret", "password"),
        'say where the credential is kept: credential = { env = "NAME" }, { file = "PATH" }, ...',
    ),
    "to": 'write system = "alloy", say',
    "source": 'write file = "users.csv"',
    "columns": 'write map = { COLUMN = "field" }',
    "constants": 'write set = { field = "value" }',
}


class TableReader:
    """Reads a table of tenants, and collects what is wrong with it.

    Args:
        path: the table; paths in it begin in its folder.
        sandbox: each tenant gets a sandbox of its system, so that no credential is needed.
    """

    def __init__(self, path: Path, *, sandbox: bool = False) -> None:
        self._path = path
        self._sandbox = sandbox
        self._mistakes: list[tuple[str, str]] = []

    def read(self, only: Collection[str] = ()) -> Sequence[Entry]:
        """Read the entries.

        Args:
            only: the names of those that are wanted; none given: all.

        Raises:
            ConfigurationError: the table cannot be read, has none, or not those that are wanted.
            TenantsError: with every mistake in it.
        """
        common, tables = self._load(only)
        common = self._check_keys(FOR_ALL, common)
        entries = [self._read_entry(name, table, common) for name, table in tables.items()]
        self._raise_mistakes()
        return [entry for entry in entries if entry is not None]

    def read_jobs(self, only: Collection[str] = ()) -> Mapping[str, Path | str | None]:
        """Read where the first job of each tenant is; None where the table does not say so. All else is left aside.

        Args, raises: as for `read`.
        """
        common, tables = self._load(only)
        jobs: dict[str, Path | str | None] = {}
        for name, table in tables.items():
            values = {**common, **table} if self._is_named_table(name, table) else {}
            jobs[name] = find_job(_fill_in(values.get("job"), name), self._path.parent)
        self._raise_mistakes()
        return jobs

    def _raise_mistakes(self) -> None:
        from ...provisioning import TenantsError
        from ...provisioning.tenants.tenant import Mistake

        if self._mistakes:
            raise TenantsError([Mistake(name, message) for name, message in self._mistakes])

    def _load(self, only: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Load what is said for all, and the tables of the tenants that are wanted."""
        data = self._parse()
        tables = data.pop("tenants", {})
        if not isinstance(tables, Mapping) or not tables:
            raise ConfigurationError(f"{self._path}: there is no tenant; write [tenants.NAME] for each")
        for name in only:
            if name not in tables:
                raise ConfigurationError(f"{self._path}: there is no tenant {name!r}{_suggest(name, tables)}")
        return data, {name: table for name, table in tables.items() if not only or name in only}

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise ConfigurationError(f"{self._path}: the table cannot be read: {error.strerror}") from None
        except ValueError as error:  # of TOML, and of UTF-8
            raise ConfigurationError(f"{self._path}: this is not a TOML file: {error}") from None

    def _check_keys(self, name: str, table: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that can be used, and note what is wrong with the others."""
        good: dict[str, Any] = {}
        for key, value in table.items():
            if key not in KEYS:
                self._mistakes.append((name, self._describe_unknown(name, key, value)))
            elif complaint := check_value(key, value):
                self._mistakes.append((name, complaint))
            else:
                good[key] = value
        return good

    def _describe_unknown(self, name: str, key: str, value: Any) -> str:
        if name == FOR_ALL and isinstance(value, Mapping):
            return f"there is no key {key!r}; a tenant is written [tenants.{key}]"
        if isinstance(value, Mapping) and key not in _INSTEAD:
            return f'there is no key {key!r}; a name with a dot is quoted: [tenants."{name}.{key}"]'
        if key in _INSTEAD:
            return f"there is no key {key!r}: {_INSTEAD[key]}"
        return f"there is no key {key!r}{_suggest(key, KEYS)}"

    def _read_entry(self, name: str, table: Any, common: Mapping[str, Any]) -> Entry | None:
        if not self._is_named_table(name, table):
            return None
        before = len(self._mistakes)
        own = self._check_keys(name, table)
        if len(self._mistakes) > before:
            return None
        values = _fill_in({**_inherit(common, own), **own}, name)
        try:
            return create_entry(name, values, self._path.parent, sandbox=self._sandbox)
        except (ConfigurationError, ValueError) as error:
            self._note(name, str(error))
            return None

    def _is_named_table(self, name: str, table: Any) -> bool:
        """Tell whether a tenant can be called so, and has a table; note it where not."""
        if not _NAME.fullmatch(name):
            self._note(
                name, "a name is made of letters, digits, '-', '_' and '.', as its job is named after it"
            )
        elif not isinstance(table, Mapping):
            self._note(name, f"is not a table; write [tenants.{name}] above its keys")
        else:
            return True
        return False

    def _note(self, name: str, message: str) -> None:
        self._mistakes.append((name, message))


def _inherit(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Take what is said for all, but not whose account it is where the tenant says so in the other way."""
    left_out: set[str] = set()
    if "profile" in own:
        left_out = set(ACCOUNT_KEYS)
    elif "credential" in own:
        left_out = {"profile"}
    return {key: value for key, value in common.items() if key not in left_out}


def _fill_in(value: Any, name: str) -> Any:
    """Put the name of a tenant in the place of {name}; and, as environment variables are written, of {NAME}."""
    if isinstance(value, str):
        return value.replace("{name}", name).replace("{NAME}", re.sub(r"\W", "_", name).upper())
    if isinstance(value, Mapping):
        return {key: _fill_in(one, name) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill_in(one, name) for one in value]
    return value


def _suggest(name: str, known: Collection[str]) -> str:
    from ...provisioning.sources.field_map import suggest_nearest

    return suggest_nearest(str(name), known)
