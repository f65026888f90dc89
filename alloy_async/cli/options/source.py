"""The options of every command that reads users from a file, and the source that they describe."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from ..help import Option

if TYPE_CHECKING:
    from ...provisioning import FieldMap, Source
    from ...provisioning.sources import Format
    from ...provisioning.store.header import JobHeader

Command = TypeVar("Command", bound=Callable[..., Any])


class SourceFileType(click.Path):
    """A path; or the URL of a file as it stands."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Convert what was given."""
        from ...provisioning.sources.files.input_bytes import parse_source_place

        if isinstance(value, str) and isinstance(url := parse_source_place(value), str):
            return url
        path: Path = super().convert(value, param, ctx)  # type: ignore[arg-type, assignment]
        return path


SOURCE_FILE = SourceFileType()
FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "excel")


@attrs.frozen
class SourceOptions:
    """How a source is to be read, as the command line says."""

    format: Format | None = None
    columns: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    mapping_file: Path | str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    skip_rows: int = 0
    allow_empty: bool = False

    def adapt_to_failed_rows(self, encoding: str | None = None) -> SourceOptions:
        """Return how the file of failed rows is read: its columns as in the source, and the rest found by itself."""
        return attrs.evolve(self, format=None, encoding=encoding, sheet=None, skip_rows=0, allow_empty=False)

    def create_field_map(self) -> FieldMap:
        """Create the map of columns and fields; what is on the command line comes before what is in the file.

        Raises:
            ConfigurationError: an unknown field, or a file that cannot be read.
        """
        from ...provisioning import FieldMap

        told = FieldMap.parse(self.columns, self.constants)
        return told.fill_gaps_from(FieldMap.load(self.mapping_file)) if self.mapping_file else told

    def open_source(self, file: Path | str, *, key: str) -> Source:
        """Open a file, or standard input where it is `-`; see `open_source`."""
        from ...provisioning import open_source

        return open_source(
            file,
            format=self.format,
            mapping=self.create_field_map(),
            key=key,
            delimiter=self.delimiter,
            encoding=self.encoding,
            sheet=self.sheet,
            skip_rows=self.skip_rows,
            allow_empty=self.allow_empty,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as a job file keeps it, for `restore_source_options`: of what is secret, the name only."""
        secret = self._list_names_of_secret_constants()
        public = tuple(pair for pair in self.constants if pair.partition("=")[0] not in secret)
        file = str(Path(self.mapping_file).absolute()) if self.mapping_file else None
        kept = attrs.asdict(attrs.evolve(self, constants=public, mapping_file=file))
        return {**kept, "withheld": secret}

    def refuse_secrets_for_workers(self, on: str | None) -> None:
        """Make sure that workers can read the same.

        Args:
            on: where they are; None where there are none.

        Raises:
            ConfigurationError: a constant is secret, and would have to travel to them.
        """
        from ...core.errors import ConfigurationError

        if on is not None and (secret := self._list_names_of_secret_constants()):
            raise ConfigurationError(
                f"--set {secret[0]}=... is secret and not kept, so that the workers of --on would not have it. Put it into a"
                f" column of the file; or `plan` the job, and start workers as `alloy-async work JOB --set {secret[0]}=...`."
                " Nothing was sent"
            )

    def _list_names_of_secret_constants(self) -> list[str]:
        from ...provisioning.sources.field_names import is_secret_name

        names = [pair.partition("=")[0] for pair in self.constants]
        return [name for name in names if is_secret_name(name)]


@asynccontextmanager
async def open_users(
    reading: SourceOptions, file: Path | str | None, system: str | None, *, key: str
) -> AsyncIterator[Source]:
    """Open the users in a file, or of another system, which is reached as the environment says."""
    from ...provisioning import DirectorySource
    from ...provisioning.async_helpers import run_in_thread
    from .system_access import open_directory
    from .target import TargetOptions

    if system is None:
        assert file is not None
        # In a thread, so that signals are heard while a pipe is silent.
        yield await run_in_thread(partial(reading.open_source, file, key=key))
    else:
        async with open_directory(
            system, TargetOptions(sandbox=False, base_url=None, api_key_file=None)
        ) as directory:
            yield DirectorySource(
                directory, mapping=reading.create_field_map(), allow_empty=reading.allow_empty
            )


def restore_source_options(header: JobHeader) -> tuple[SourceOptions, Path | str | None, str | None]:
    """Read from a job how its source is read: for `open_users`."""
    from ...provisioning.sources.files.input_bytes import parse_source_place

    options = json.loads(header.options)
    told = {**options.get("reading", {})}  # a job that a program made says nothing of it
    told.pop("withheld", None)
    lists = {name: tuple(told.get(name, ())) for name in ("columns", "constants")}
    name = "-" if header.source == "standard input" else header.source_path
    system = options.get("from")
    return SourceOptions(**{**told, **lists}), None if system else parse_source_place(name), system


def restore_constants(header: JobHeader, given: tuple[str, ...]) -> tuple[str, ...]:
    """Restore the constants of a job: those that it keeps, and those that it must be told again, as they are secret.

    Args:
        header: of the job.
        given: what it is told again, as FIELD=VALUE.

    Raises:
        ConfigurationError: one is missing, or is not one of those.
    """
    from ...core.errors import ConfigurationError

    reading = json.loads(header.options).get("reading", {})
    withheld, names = reading.get("withheld", ()), [pair.partition("=")[0] for pair in given]
    for name in withheld:
        if name not in names:
            raise ConfigurationError(
                f"the job was made with --set {name}=..., which is secret and not kept; say it again: --set {name}=VALUE."
                " Nothing was sent"
            )
    for pair in given:
        if not pair.partition("=")[2]:
            name = pair.partition("=")[0]
            raise ConfigurationError(
                f"--set {name}= is empty: is the variable that the shell puts there set? Nothing was sent"
            )
    for name in names:
        if name not in withheld:
            raise ConfigurationError(
                f"--set {name}=... is not for this job, which keeps what it was made with"
            )
    return (*reading.get("constants", ()), *given)


def _parse_character(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    value = {"tab": "\t", "\\t": "\t"}.get(value or "", value)
    if value is not None and (len(value) != 1 or value in '"\r\n'):
        raise click.BadParameter("give one character, or 'tab'", param=option)
    return value


_create_option = partial(click.option, cls=Option, group="Source")
_OPTIONS = (
    _create_option("--format", type=click.Choice(FORMATS), help="Of the source; found by itself."),
    _create_option(
        "--map",
        "columns",
        multiple=True,
        metavar="COLUMN=FIELD",
        help="Which column fills which field (or attributes.NAME); known names are found by themselves. Repeatable, also for"
        " one column that fills two fields.",
    ),
    _create_option(
        "--set",
        "constants",
        multiple=True,
        metavar="FIELD=VALUE",
        help="A field's value for every user, whatever the source says. Repeatable.",
    ),
    _create_option(
        "--mapping",
        "mapping_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PATH",
        help="A TOML file with the same: tables [columns] and [constants].",
    ),
    _create_option(
        "--delimiter",
        callback=_parse_character,
        metavar="CHAR",
        help="Between the cells, as ; or tab; found by itself.",
    ),
    _create_option("--encoding", help="Of a text file, as cp1252; UTF-8 and UTF-16 are found by themselves."),
    _create_option(
        "--sheet", metavar="NAME", help="Of a workbook; the one that holds users is found by itself."
    ),
    _create_option(
        "--skip-rows",
        type=click.IntRange(min=0),
        default=0,
        metavar="N",
        help="Leave out so many lines at the start; a header below a title is found by itself.",
    ),
    _create_option(
        "--allow-empty",
        is_flag=True,
        help="Go on where there are no rows at all; in sync, that removes everybody.",
    ),
)


def add_source_options(command: Command) -> Command:
    """Give a command the options for reading; it gets them as its argument `reading`."""

    @wraps(command)
    def with_reading(*arguments: Any, **wishes: Any) -> Any:
        told = {field.name: wishes.pop(field.name) for field in attrs.fields(SourceOptions)}
        return command(*arguments, reading=SourceOptions(**told), **wishes)

    wrapped: Any = with_reading
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]
