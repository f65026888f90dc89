"""The table of tenants: a TOML file that says of each whose account it is, where its users are, and what is done with them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....core.errors import ConfigurationError
from ...error_messages import translate_to_options
from ...options.target import PLACE_NAMES
from ..error_messages import translate_to_keys
from .entry import Entry, create_entry, resolve_job_place
from .keys import ACCOUNT_KEYS, KEYS, find_value_fault
from .lines import TableLineFinder

if TYPE_CHECKING:
    from ....provisioning.tenants.tenant import Mistake

_NAME = re.compile(r"[^\W_][\w.-]*")
_TENANT_TWICE = re.compile(r"Cannot declare \('tenants', '([^']*)'\) twice \(at line (\d+)")
_MISSING = re.compile(r" is missing; |^mode sync removes users")
_KEYS_OF_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "source": ("file",),
    "target": ("credential", "profile", "system"),
    "job": ("job",),
    "mode": ("mode",),
}
"""The keys that say an argument of `Tenant`."""
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


class TableError(ConfigurationError):
    """A table of tenants has mistakes; nothing was sent for any of them."""


class TableReader:
    """Reads a table of tenants, and collects what is wrong with it.

    Args:
        path: the table; paths in it begin in its folder.
        sandbox: each tenant gets a sandbox of its system, so that no credential is needed.
    """

    def __init__(self, path: Path, *, sandbox: bool = False) -> None:
        self._path = path
        self._sandbox = sandbox
        self._lines = TableLineFinder("")
        self._has_wrong_top = False
        self._mistakes: list[tuple[int, str, str]] = []
        """Line, tenant, and what is wrong."""

    @property
    def has_mistakes(self) -> bool:
        """Whether anything was wrong so far."""
        return bool(self._mistakes)

    def read_entries(self, only: Collection[str] = ()) -> Sequence[Entry]:
        """Read the entries that can be used; what is wrong with the others is noted, for `raise_mistakes`.

        Args:
            only: the names of those that are wanted; none given: all.

        Raises:
            ConfigurationError: the table cannot be read, has none, or not those that are wanted.
        """
        common, tables = self._load_tables(only)
        common = self._collect_valid_values(FOR_ALL, common)
        self._has_wrong_top = self.has_mistakes
        entries = [self._read_entry(name, table, common) for name, table in tables.items()]
        return [entry for entry in entries if entry is not None]

    def read_job_places(self, only: Collection[str] = ()) -> Mapping[str, Path | str | None]:
        """Read where the first job of each tenant is; None where the table does not say so. All else is left aside.

        Args, raises: as for `read_entries`, and TableError with every mistake in that.
        """
        common, tables = self._load_tables(only)
        jobs: dict[str, Path | str | None] = {}
        for name, table in tables.items():
            values = {**common, **table} if self._has_valid_name_and_table(name, table) else {}
            jobs[name] = resolve_job_place(_insert_tenant_name(values.get("job"), name), self._path.parent)
        self.raise_mistakes()
        return jobs

    def add_mistakes(self, mistakes: Iterable[Mistake]) -> None:
        """Note what was found when the tenants were looked at."""
        for one in mistakes:
            keys = _KEYS_OF_ARGUMENTS.get(one.argument or "", ())
            self._note_mistake(one.tenant, translate_to_keys(translate_to_options(one.message)), *keys)

    def raise_mistakes(self) -> None:
        """Raise what was noted, in the order of the lines.

        Raises:
            TableError: with every mistake, each with its line and tenant.
        """
        if not self._mistakes:
            return
        found = "1 mistake" if len(self._mistakes) == 1 else f"{len(self._mistakes):,} mistakes"
        ordered = sorted(self._mistakes, key=itemgetter(0))
        lines = [f"  line {line}: {name}: {message}" for line, name, message in ordered]
        raise TableError("\n".join([f"{self._path}: {found}; nothing was sent:", *lines]))

    def _load_tables(self, only: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Load what is said for all, and the tables of the tenants that are wanted."""
        data = self._parse_file()
        tables = data.pop("tenants", {})
        if not isinstance(tables, Mapping) or not tables:
            raise ConfigurationError(
                f"{self._path}: there is no tenant; write [tenants.NAME] for each{self._find_misplaced(data)}"
            )
        for name in only:
            if name not in tables:
                raise ConfigurationError(
                    f"{self._path}: there is no tenant {name!r}{_format_suggestion(name, tables)}"
                )
        return data, {name: table for name, table in tables.items() if not only or name in only}

    def _find_misplaced(self, data: Mapping[str, Any]) -> str:
        """Find what was probably meant for tenants where there are none."""
        tables = {name: table for name, table in data.items() if isinstance(table, Mapping)}
        for name, table in tables.items():
            line = self._lines.find_line((name,)) or 1
            if table.keys() & KEYS.keys() and name not in KEYS:
                return f", as [tenants.{name}] on line {line}"
            inner = next((key for key, value in table.items() if isinstance(value, Mapping)), None)
            if name not in KEYS and inner is not None:
                return f", as [tenants.{inner}] on line {line}, not [{name}.{inner}]"
        return ""

    def _parse_file(self) -> dict[str, Any]:
        try:
            text = self._path.read_text(encoding="utf-8-sig")
            data = tomllib.loads(text)
        except OSError as error:
            raise ConfigurationError(f"{self._path}: the table cannot be read: {error.strerror}") from None
        except ValueError as error:  # of TOML, and of UTF-8
            if twice := _TENANT_TWICE.search(str(error)):
                raise ConfigurationError(
                    f"{self._path}: line {twice[2]}: there are two tenants {twice[1]!r}; give each a name of its own, or leave"
                    " one of the two out. Nothing was sent"
                ) from None
            raise ConfigurationError(f"{self._path}: this is not a TOML file: {error}") from None
        self._lines = TableLineFinder(text)
        return data

    def _collect_valid_values(self, name: str, table: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that can be used, and note what is wrong with the others."""
        good: dict[str, Any] = {}
        for key, value in table.items():
            if key not in KEYS:
                self._note_mistake(name, self._describe_unknown(name, key, value), key)
            elif complaint := find_value_fault(key, value):
                self._note_mistake(name, complaint, key)
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
        return f"there is no key {key!r}{_format_suggestion(key, KEYS)}"

    def _read_entry(self, name: str, table: Any, common: Mapping[str, Any]) -> Entry | None:
        if not self._has_valid_name_and_table(name, table):
            return None
        before = len(self._mistakes)
        own = self._collect_valid_values(name, table)
        has_wrong_keys = len(self._mistakes) > before or self._has_wrong_top
        values = _insert_tenant_name({**_drop_contradicted_common_keys(common, own), **own}, name)

        def note(key: str, message: str) -> None:
            if has_wrong_keys and _MISSING.search(message):
                return  # it is there, under a wrong key or with a wrong value, which is told already
            self._note_mistake(name, translate_to_keys(message), key)

        entry = create_entry(name, values, self._path.parent, note, sandbox=self._sandbox)
        return entry if len(self._mistakes) == before else None

    def _has_valid_name_and_table(self, name: str, table: Any) -> bool:
        """Tell whether a tenant can be called so, and has a table; note it where not."""
        if not _NAME.fullmatch(name):
            self._note_mistake(
                name, "a name is made of letters, digits, '-', '_' and '.', as its job is named after it"
            )
        elif not isinstance(table, Mapping):
            self._note_mistake(name, f"is not a table; write [tenants.{name}] above its keys")
        else:
            return True
        return False

    def _note_mistake(self, name: str, message: str, *keys: str) -> None:
        """Note a mistake: it is on the line of the first of some keys that the tenant says, else where that is said for all."""
        paths = [tuple(key.split(".")) for key in keys]
        own = [] if name == FOR_ALL else [("tenants", name, *path) for path in paths]
        line = self._lines.find_line(*own, *paths) or self._lines.find_line(("tenants", name)) or 1
        self._mistakes.append((line, name, message))


def _drop_contradicted_common_keys(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out, of what is said for all, whose account it is where the tenant says so in the other way."""
    left_out: set[str] = set()
    if "profile" in own:
        left_out = set(ACCOUNT_KEYS)
    elif "credential" in own:
        left_out = {"profile"}
    return {key: value for key, value in common.items() if key not in left_out}


def _insert_tenant_name(value: Any, name: str) -> Any:
    """Put the name of a tenant in the place of {name}; and, as environment variables are written, of {NAME}."""
    if isinstance(value, str):
        return value.replace("{name}", name).replace("{NAME}", re.sub(r"\W", "_", name).upper())
    if isinstance(value, Mapping):
        return {key: _insert_tenant_name(one, name) for key, one in value.items()}
    if isinstance(value, list):
        return [_insert_tenant_name(one, name) for one in value]
    return value


def _format_suggestion(name: str, known: Collection[str]) -> str:
    from ....provisioning.sources.field_map import format_suggestion

    return format_suggestion(str(name), known)
