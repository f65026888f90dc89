"""The result of a call: as JSON, JSON lines, a table, or the bytes of an export."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import click

from ...core.codec.typed_json import to_wire
from ...core.errors import AlloyAsyncError
from ..output_file import open_output_file
from .safe_console import create_console
from .safe_text import clean_text, format_json
from .table import create_table_of_rows


@contextmanager
def open_result(output: Path | None, form: str | None, *, is_list: bool) -> Iterator[ResultWriter]:
    """Open what a result is written to: a file, or standard output.

    Args:
        output: the file, see `open_output_file`; None is standard output.
        form: "json", "lines" or "table"; None takes what suits: a table for a list on a terminal, JSON lines for a list
            elsewhere, else JSON.
        is_list: whether the result is a list.

    Raises:
        OSError: the file cannot be written; raised before anything is sent.
        AlloyAsyncError: with effect "applied", the result that is there could not be written, as where a disk is full.
    """
    is_open = False
    try:
        with nullcontext() if output is None else open_output_file(output) as file:
            is_open = True
            is_terminal = file is None and sys.stdout.isatty()
            suited = ("table" if is_terminal else "lines") if is_list else "json"
            writer = ResultWriter(file, form or suited, is_terminal=is_terminal)
            yield writer
            writer.write_collected()
            sys.stdout.flush()
    except OSError as error:
        if not is_open or isinstance(error, AlloyAsyncError | BrokenPipeError):
            raise
        place = "standard output" if output is None else output
        message = (
            f"the call was carried out, and its result could not be written to {place}: {error.strerror}"
        )
        raise AlloyAsyncError(message, effect="applied") from None


class ResultWriter:
    """Write a result in one of the forms.

    Args:
        file: None is standard output.
        form: "json", "lines" or "table".
        is_terminal: whether somebody looks at it.
    """

    def __init__(self, file: BinaryIO | None, form: str, *, is_terminal: bool) -> None:
        self._file = file
        self._is_terminal = is_terminal
        self.form = form
        self._items: list[Any] | None = None

    def write_bytes(self, chunk: bytes) -> None:
        """Write a piece of an export as it is."""
        if self._file is not None:
            self._file.write(chunk)
        elif self._is_terminal:
            click.echo(clean_text(chunk.decode(errors="replace")), nl=False)
        else:
            sys.stdout.buffer.write(chunk)

    def write_json_value(self, value: Any) -> None:
        """Write one value as JSON; a call without an answer writes nothing."""
        if value is not None:
            self._write_json(to_wire(value))

    def write_items(self, items: Iterable[Any]) -> None:
        """Write some items of a list."""
        rows = [to_wire(item) for item in items]
        if self.form == "lines":
            for row in rows:
                self._write_text_and_newline(format_json(row) if self._file is None else _dump_json(row))
        else:
            self._items = [*(self._items or ()), *rows]

    def write_collected(self) -> None:
        """Write the items of a form that is written as a whole, when all are there."""
        if self.form != "table":
            if self._items is not None:
                self._write_json(self._items)
            return
        rows = [row if isinstance(row, dict) else {"value": row} for row in self._items or ()]
        if self._file is not None:
            import io

            text = io.StringIO()
            create_console(file=text).print(create_table_of_rows(rows))
            self._write_text_and_newline(text.getvalue())
        else:
            create_console().print(create_table_of_rows(rows))

    def _write_json(self, data: Any) -> None:
        if self._file is not None:
            self._write_text_and_newline(_dump_json(data, indent=2))
            return
        text = format_json(data, indent=2)
        if self._is_terminal:
            from rich.syntax import Syntax

            create_console().print(Syntax(text, "json", background_color="default", word_wrap=True))
        else:
            click.echo(text)

    def _write_text_and_newline(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text.encode() + b"\n")
        else:
            click.echo(text)


def _dump_json(data: Any, indent: int | None = None) -> str:
    import json

    return json.dumps(data, indent=indent, ensure_ascii=False)
