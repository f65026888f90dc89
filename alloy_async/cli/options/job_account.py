"""Whose account a job is, as it remembers it: by names and places, never by what is kept there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..output.next_steps import format_command
from .target import TargetOptions

if TYPE_CHECKING:
    from ...core.profiles.credential_source import CredentialSource
    from ...provisioning.store.header import JobHeader


def create_account_record(system: str, target: TargetOptions, place: Mapping[str, str]) -> dict[str, Any]:
    """Create the record of what reaches the account of a job again, for `restore_target`; nothing secret.

    Args:
        system: one of the five.
        target: how it was reached.
        place: what the directory knows besides address and credential.
    """
    kept: dict[str, Any] = {
        "system": system,
        "profile": target.profile or (None if target.account else target.default_profile),
        "place": dict(place),
    }
    if target.sandbox:
        kept["sandbox"] = True
    elif target.api_key_file is not None:
        kept["account"] = {"credential": {"file": str(target.api_key_file.expanduser().absolute())}}
    elif target.account is not None and (credential := target.account.credential) is not None:
        kept["account"] = {"credential": _describe_credential(credential), **target.account.key_pair}
    return kept


def _describe_credential(credential: CredentialSource) -> dict[str, str]:
    """Describe where a credential is kept; of a command its first word only, as others may be secret."""
    if credential.kind == "command":
        return {"command": credential.place[0]}
    if credential.kind == "file":
        return {"file": str(Path(credential.place[0]).expanduser().absolute())}
    return {credential.kind: "/".join(credential.place)}


def restore_target(target: TargetOptions, header: JobHeader, job: Path | str) -> tuple[str, TargetOptions]:
    """Complete how the system of a job is reached by what the job remembers; what the command line says comes first.

    Args:
        target: as the command line says.
        header: of the job.
        job: its place.

    Returns:
        The system, and the target.

    Raises:
        ConfigurationError: the job remembers only in part where its credential is kept.
        JobError: its system was a sandbox, which is gone.
    """
    from ...provisioning.errors import SANDBOX_ENDED, JobError

    kept = json.loads(header.options)
    if header.was_rehearsed:
        raise JobError(SANDBOX_ENDED, job)
    system = kept.get("system", header.system.lower())
    is_told = target.profile is not None or target.api_key_file is not None
    place = {**kept.get("place", {}), **target.get_place_arguments()}
    return system, attrs.evolve(
        target,
        base_url=target.base_url or header.base_url,
        profile=target.profile if is_told else kept.get("profile"),
        is_remembered=not is_told,
        default_profile=None,  # the job knows its own account, whatever the environment names
        account=None if is_told or "account" not in kept else _restore_kept_account(kept, system),
        **place,
    )


def _restore_kept_account(kept: Mapping[str, Any], system: str) -> Any:
    from ...core.errors import ConfigurationError
    from ...core.profiles.profile import parse_profile

    account, tenant = kept["account"], kept.get("tenant")
    if command := account["credential"].get("command"):
        table = (
            f", or go on by the table:  {format_command('resume', '--many', Path(tenant['table']), '--only', tenant['name'])}"
            if tenant
            else ""
        )
        raise ConfigurationError(
            f"the credential of this job came from a command ({command} ...), which no job remembers: say --profile or"
            f" --api-key-file{table}"
        )
    return parse_profile(tenant["name"] if tenant else "job", {"system": system, **account})
