"""Suggest the next commands at the end of a command; they work when they are pasted into a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from pathlib import Path

import attrs
import click
from click.core import ParameterSource

OF_ONE_RUN = frozenset({"as_json", "failed", "job", "progress", "verbose", "safe_csv"})
"""Options that say how one run goes, not what is done."""
OF_THE_FILE = frozenset({"encoding", "format", "origin", "sheet", "skip_rows"})
"""Options that describe a source: the file of failed rows is UTF-8 and begins with its header."""
OF_A_JOB = frozenset({"api_key_file", "rate", "burst"})
"""Options that a job does not remember, or not as they may be now."""
OF_AN_ACCOUNT = frozenset({"profile", "base_url", "org_id", "app_id", "identity_provider"})
"""Options that a job remembers of the command that made it, and not of those that go on with it."""
_READING = frozenset({"apply", "resume", "work"})
"""Commands on a job that read its source, so that they must be told again what of it is secret."""


def format_command(*words: str | Path) -> str:
    """Format a command line for a shell; a path that begins with a dash is not taken for an option.

    The address of a job in a database is written without its password.
    """
    return shlex.join(["alloy-async", *(_mask_password_or_prefix_dash(word) for word in words)])


def _mask_password_or_prefix_dash(word: str | Path) -> str:
    if isinstance(word, str) and "://" in word:
        from ...provisioning.store.postgres.address import JobAddress, is_database_address

        return JobAddress.parse(word).shown if is_database_address(word) else word
    return f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word)


def repeat_options(context: click.Context, names: Collection[str], *, but: bool = False) -> list[str]:
    """Repeat the options that a command was given.

    Args:
        context: of the command.
        names: the options to repeat, by the names of their parameters.
        but: repeat all but these.

    Returns:
        Their words, as the user might have typed them.
    """
    words: list[str] = []
    for param in context.command.params:
        name = param.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if isinstance(param, click.Option) and given and (name in names) is not but:
            flag = max(param.opts, key=len)
            value = context.params[name]
            if param.is_flag:
                words.append(flag)
            else:
                for one in value if param.multiple else [value]:
                    words += _list_option_words(flag, "tab" if one == "\t" else str(one))
    return words


def _list_option_words(flag: str, value: str) -> list[str]:
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def get_secret_variable_name(field: str) -> str:
    """Name the environment variable in which a suggested command expects a secret field, as PASSWORD."""
    return re.sub(r"\W", "_", field).upper()


@attrs.frozen
class NextSteps:
    """What commands after this one need to be told again.

    Args:
        of_source: the options of the command, to feed corrected rows to another sandbox; None for a command without a source.
        of_job: the options that the job does not remember.
        secrets: the fields of which `--set` said a secret.
        is_sandbox: whether the system is gone when the command ends, so that a job cannot go on.
    """

    of_source: tuple[str, ...] | None = None
    of_job: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    is_sandbox: bool = False

    @classmethod
    def from_context(cls, context: click.Context) -> NextSteps:
        """Read what a command was given."""
        from ...provisioning.sources.field_names import is_secret_name

        reads_source = any(param.name == "file" for param in context.command.params)
        constants = [pair.partition("=")[0] for pair in context.params.get("constants") or ()]
        of_source = repeat_options(context, OF_ONE_RUN | OF_THE_FILE | {"constants"}, but=True)
        for pair in context.params.get("constants") or ():
            if not is_secret_name(pair.partition("=")[0]):
                of_source += ["--set", pair]
        return cls(
            tuple(of_source) if reads_source else None,
            tuple(repeat_options(context, OF_A_JOB if reads_source else OF_A_JOB | OF_AN_ACCOUNT)),
            tuple(filter(is_secret_name, constants)),
            bool(context.params.get("sandbox")),
        )

    def format_correction(self, job: Path | str, failed: Path) -> str | None:
        """Format the command that feeds corrected rows back: the job remembers the rest, unless its system is gone."""
        if not self.is_sandbox:
            return self.format_job_command("resume", job, "--failed", failed)
        if self.of_source is None:
            return None
        return format_command("provision", failed, *self.of_source) + self._format_secret_set_options()

    def format_job_command(self, name: str, job: Path | str, *words: str | Path) -> str:
        """Format a command that goes on with a job."""
        command = format_command(name, job, *words, *self.of_job)
        return command + self._format_secret_set_options() if name in _READING else command

    def _format_secret_set_options(self) -> str:
        """Format what is secret, for a shell that has it in variables: where it has not, the empty value is refused."""
        return "".join(f' --set "{field}=${get_secret_variable_name(field)}"' for field in self.secrets)

    @property
    def remark(self) -> str | None:
        """What to do before a suggested command is pasted; None where it works as it stands."""
        if not self.secrets:
            return None
        names = ", ".join(f"{field} in ${get_secret_variable_name(field)}" for field in self.secrets)
        return f"What is secret is not kept; these commands expect it in the environment: {names}."
