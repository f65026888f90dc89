"""One tenant of a table: whose account it is, how its users are read, and what is done with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ....core.errors import ConfigurationError
from ....provisioning.tenants.tenant import RULES, JobRules
from ....systems import SYSTEMS
from ...options.source import SourceOptions
from ...options.target import TargetOptions
from .keys import ACCOUNT_KEYS

if TYPE_CHECKING:
    from ....core.profiles.profile import Profile


@attrs.frozen(kw_only=True)
class Entry(JobRules):
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
    file: Path | str
    system: str
    target: TargetOptions
    reading: SourceOptions
    job: Path | str | None = None
    concurrency: int | None = None


NoteMistake: TypeAlias = Callable[[str, str], object]
"""Told the key that is to blame, and what is wrong."""


def create_entry(
    name: str, values: Mapping[str, Any], folder: Path, note: NoteMistake, *, sandbox: bool
) -> Entry | None:
    """Create an entry of the values of its keys, each of which is of the right kind.

    Args:
        name: of the tenant.
        values: by key.
        folder: where paths begin.
        note: told each thing that does not go together, or is not there; of several, each.
        sandbox: the tenant gets a sandbox, and needs no credential.

    Returns:
        The entry; None where something is wrong.
    """
    if "file" not in values:
        note("file", 'file is missing; write file = "users.csv"')
    if values.get("mode") == "sync" and "allow_delete" not in values:
        note("mode", "mode sync removes users: allow it with the share that may go, as allow_delete = 0.05")
    found = _create_target(name, values, folder, note, sandbox=sandbox)
    reading = _create_reading(values, folder, note)
    if found is None or reading is None or "file" not in values:
        return None
    return Entry(
        name=name,
        file=_resolve_source(values["file"], folder),
        system=found[1],
        target=found[0],
        reading=reading,
        job=resolve_job_place(values.get("job"), folder),
        **{key: values[key] for key in (*RULES, "concurrency") if key in values},
    )


def _create_target(
    name: str, values: Mapping[str, Any], folder: Path, note: NoteMistake, *, sandbox: bool
) -> tuple[TargetOptions, str] | None:
    pace = {key: values[key] for key in ("rate", "burst") if key in values}
    account = {key: values[key] for key in ACCOUNT_KEYS if key in values}
    if "burst" in pace and "rate" not in pace:
        note("burst", "burst needs rate")
        del pace["burst"]
    to_blame = "profile" if "profile" in values else "credential"
    try:
        if "profile" in values:
            if account:
                note("profile", f"profile says whose account it is; leave out {', '.join(account)}")
            target = TargetOptions(profile=values["profile"], **pace)
            profile = target.load_profile()
            assert profile is not None
        else:
            if account.get("system") not in (None, *SYSTEMS):
                to_blame = "system"
            profile = _create_profile(name, _resolve_credential_file(account, folder), sandbox=sandbox)
            target = TargetOptions(account=profile, **pace)
    except (ConfigurationError, ValueError) as error:
        note(to_blame, str(error))
        return None
    return TargetOptions(sandbox=True, **pace) if sandbox else target, profile.system


def _resolve_credential_file(account: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Let the path of a file with the credential begin in the folder of the table, as all paths do."""
    file = account.get("credential", {}).get("file")
    if not isinstance(file, str) or not file:
        return account
    return {**account, "credential": {**account["credential"], "file": str(_resolve_path(file, folder))}}


def _create_profile(name: str, account: Mapping[str, Any], *, sandbox: bool) -> Profile:
    from ....core.profiles.profile import parse_profile
    from ....provisioning.sources.field_map import format_suggestion

    if "credential" not in account and not sandbox:
        raise ConfigurationError(
            'whose account it is is missing; write profile = "NAME", or system = "alloy" and credential = { env = "NAME" }'
        )
    if account.get("system") not in (None, *SYSTEMS):
        raise ConfigurationError(
            f"there is no system {account['system']!r}{format_suggestion(account['system'], SYSTEMS)}"
        )
    return parse_profile(name, account)


def _create_reading(values: Mapping[str, Any], folder: Path, note: NoteMistake) -> SourceOptions | None:
    constants = []
    for field, value in values.get("set", {}).items():
        try:
            constants.append(f"{field}={_resolve_constant(field, value, folder)}")
        except (ConfigurationError, ValueError) as error:
            note(f"set.{field}", str(error))
    columns = [
        f"{column}={field}"
        for column, fields in values.get("map", {}).items()
        for field in ([fields] if isinstance(fields, str) else fields)
    ]
    taken = ("format", "delimiter", "encoding", "sheet", "skip_rows", "allow_empty")
    reading = SourceOptions(
        columns=tuple(columns),
        constants=tuple(constants),
        mapping_file=_resolve_path(values["mapping"], folder) if "mapping" in values else None,
        **{key: values[key] for key in taken if key in values},
    )
    try:
        reading.create_field_map()
    except (ConfigurationError, ValueError) as error:
        note("mapping" if "mapping" in values else "map" if columns else "set", str(error))
        return None
    return reading if len(constants) == len(values.get("set", {})) else None


def _resolve_constant(field: str, value: Any, folder: Path) -> Any:
    """Read the value of a field for all; one that is kept somewhere from there, whose path begins in the folder.

    Raises:
        ConfigurationError, ValueError: it is secret and stands here, or is not where it is said to be.
    """
    from ....core.profiles.credential_source import parse_credential_source
    from ....provisioning.sources.field_names import is_secret_name

    if not isinstance(value, Mapping):
        if is_secret_name(field):
            raise ConfigurationError(
                f'set.{field} is secret: say where it is kept, and not what it is, as {field} = {{ env = "NAME" }}'
            )
        return value
    try:
        return parse_credential_source(
            _resolve_credential_file({"credential": value}, folder)["credential"]
        ).read()
    except (ConfigurationError, ValueError) as error:
        message = re.sub(r"\b(?:the|a) credential\b", "the value", str(error))
        raise ConfigurationError(f"set.{field}: {re.sub(r'^credential', 'this', message)}") from None


def _resolve_source(text: str, folder: Path) -> Path | str:
    from ....provisioning.sources.files.input_bytes import parse_source_place

    place = parse_source_place(text)
    return place if isinstance(place, str) else _resolve_path(text, folder)


def _resolve_path(text: str, folder: Path) -> Path:
    return folder / Path(text).expanduser()


def resolve_job_place(text: str | None, folder: Path) -> Path | str | None:
    """Find the place of a job that the table names; an address stays as it is."""
    from ....provisioning.store.postgres.address import is_database_address

    return text if text is None or is_database_address(text) else _resolve_path(text, folder)
