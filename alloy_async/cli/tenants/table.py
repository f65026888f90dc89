"""The table of tenants: a TOML file that says of each whose account it is, where its users are, and what is done with them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...core.errors import ConfigurationError
from ..options.source import SourceOptions
from ..options.target import PLACE_NAMES, Target
from .table_keys import ACCOUNT_KEYS, KEYS, check_value

if TYPE_CHECKING:
    from ...core.profiles.profile import Profile
    from ...provisioning import Mode

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


@attrs.frozen(kw_only=True)
class Entry:
    """One tenant as the table has it.

    Args:
        name: as the table calls it.
        file: the users.
        system: one of the five.
        target: how to reach it.
        reading: how the file is read.
        job: where its first job is; None: NAME.job beside the table.
        mode, allow_delete, allow_inactive, send_hidden: as of `provision`.
        concurrency: calls in flight; None for that of the run.
    """

    name: str
    file: Path
    system: str
    target: Target
    reading: SourceOptions
    job: Path | str | None = None
    mode: Mode = "create"
    allow_delete: float | None = None
    allow_inactive: bool = False
    send_hidden: bool = False
    concurrency: int | None = None


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
            jobs[name] = self._find_job(_fill_in(values.get("job"), name))
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
        if not _NAME.fullmatch(name):
            self._note(
                name, "a name is made of letters, digits, '-', '_' and '.', as its job is named after it"
            )
            return None
        if not isinstance(table, Mapping):
            self._note(name, f"is not a table; write [tenants.{name}] above its keys")
            return None
        before = len(self._mistakes)
        own = self._check_keys(name, table)
        if len(self._mistakes) > before:
            return None
        values = _fill_in({**_inherit(common, own), **own}, name)
        try:
            return self._create_entry(name, values)
        except (ConfigurationError, ValueError) as error:
            self._note(name, str(error))
            return None

    def _is_named_table(self, name: str, table: Any) -> bool:
        if not _NAME.fullmatch(name):
            self._note(
                name, "a name is made of letters, digits, '-', '_' and '.', as its job is named after it"
            )
        elif not isinstance(table, Mapping):
            self._note(name, f"is not a table; write [tenants.{name}] above its keys")
        else:
            return True
        return False

    def _create_entry(self, name: str, values: Mapping[str, Any]) -> Entry:
        if "file" not in values:
            raise ConfigurationError('file is missing; write file = "users.csv"')
        target, system = self._create_target(name, values)
        if values.get("mode") == "sync" and "allow_delete" not in values:
            raise ConfigurationError(
                "mode sync removes users: allow it with the share that may go, as allow_delete = 0.05"
            )
        taken = ("mode", "allow_delete", "allow_inactive", "send_hidden", "concurrency")
        return Entry(
            name=name,
            file=self._find_path(values["file"]),
            system=system,
            target=target,
            reading=self._create_reading(values),
            job=self._find_job(values.get("job")),
            **{key: values[key] for key in taken if key in values},
        )

    def _create_target(self, name: str, values: Mapping[str, Any]) -> tuple[Target, str]:
        pace = {key: values[key] for key in ("rate", "burst") if key in values}
        account = {key: values[key] for key in ACCOUNT_KEYS if key in values}
        if "profile" in values:
            if account:
                raise ConfigurationError(f"profile says whose account it is; leave out {', '.join(account)}")
            target = Target(profile=values["profile"], **pace)
            profile = target.load_profile()
            assert profile is not None
            system = profile.system
        else:
            profile = self._create_profile(name, account)
            target, system = Target(account=profile, **pace), profile.system
        target.create_rate()
        if self._sandbox:
            target = Target(sandbox=True, **pace)
        return target, system

    def _create_profile(self, name: str, account: Mapping[str, Any]) -> Profile:
        from ...core.profiles.profile import parse_profile
        from ...systems import SYSTEMS

        if "credential" not in account and not self._sandbox:
            raise ConfigurationError(
                'whose account it is is missing; write profile = "NAME", or system = "alloy" and credential = { env = "NAME" }'
            )
        if account.get("system") not in (None, *SYSTEMS):
            raise ConfigurationError(
                f"there is no system {account['system']!r}{_suggest(account['system'], SYSTEMS)}"
            )
        return parse_profile(name, account)

    def _create_reading(self, values: Mapping[str, Any]) -> SourceOptions:
        from ...provisioning.sources.field_names import is_secret_name

        constants = []
        for field, value in values.get("set", {}).items():
            if isinstance(value, Mapping):
                from ...core.profiles.credential_source import parse_source

                value = value if self._sandbox else parse_source(value).read()
            elif is_secret_name(field):
                raise ConfigurationError(
                    f'set.{field} is secret: say where it is kept, and not what it is, as {field} = {{ env = "NAME" }}'
                )
            constants.append(f"{field}={value}")
        columns = [
            f"{column}={field}"
            for column, fields in values.get("map", {}).items()
            for field in ([fields] if isinstance(fields, str) else fields)
        ]
        taken = ("format", "delimiter", "encoding", "sheet", "skip_rows", "allow_empty")
        reading = SourceOptions(
            columns=tuple(columns),
            constants=tuple(constants),
            mapping_file=self._find_path(values["mapping"]) if "mapping" in values else None,
            **{key: values[key] for key in taken if key in values},
        )
        reading.create_field_map()
        return reading

    def _find_path(self, text: str) -> Path:
        return self._path.parent / Path(text).expanduser()

    def _find_job(self, text: str | None) -> Path | str | None:
        from ...provisioning.store.postgres.address import is_address

        return text if text is None or is_address(text) else self._find_path(text)

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
