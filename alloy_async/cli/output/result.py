"""The result of a call: as JSON, JSON lines, a table, or the bytes of an export."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import click

from ...core.codec.typed_json import to_wire
from .safe_console import create_console
from .safe_text import clean_text, format_json
from .table import create_table


class ResultWriter:
    """Write a result to standard output or to a file; a context manager.

    A file gets its name only when all is written, so that half a result is never taken for a whole one.

    Args:
        output: the file; None is standard output.
        form: "json", "lines" or "table"; None takes what suits: a table for a list on a terminal, JSON lines for a list
            elsewhere, else JSON.
        is_list: whether the result is a list.
    """

    def __init__(self, output: Path | None, form: str | None, *, is_list: bool) -> None:
        self._output = output
        self._part = output.with_name(f"{output.name}.part") if output else None
        self._file: BinaryIO | None = None
        self._is_terminal = output is None and sys.stdout.isatty()
        self.form: str = form or (("table" if self._is_terminal else "lines") if is_list else "json")
        self._items: list[Any] | None = None

    def __enter__(self) -> Self:
        if self._part is not None:
            self._file = self._part.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write_collected()
        finally:
            if self._file is not None:
                self._file.close()
        if self._part is not None and self._output is not None:
            if kind is None:
                self._part.replace(self._output)
            else:
                self._part.unlink(missing_ok=True)

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
                self._write_text(format_json(row) if self._file is None else _dump_json(row))
        else:
            self._items = [*(self._items or ()), *rows]

    def _write_collected(self) -> None:
        if self.form != "table":
            if self._items is not None:
                self._write_json(self._items)
            return
        rows = [row if isinstance(row, dict) else {"value": row} for row in self._items or ()]
        if self._file is not None:
            import io

            text = io.StringIO()
            create_console(file=text).print(create_table(rows))
            self._write_text(text.getvalue())
        else:
            create_console().print(create_table(rows))

    def _write_json(self, data: Any) -> None:
        if self._file is not None:
            self._write_text(_dump_json(data, indent=2))
            return
        text = format_json(data, indent=2)
        if self._is_terminal:
            from rich.syntax import Syntax

            create_console().print(Syntax(text, "json", background_color="default", word_wrap=True))
        else:
            click.echo(text)

    def _write_text(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text.encode() + b"\n")
        else:
            click.echo(text)


def _dump_json(data: Any, indent: int | None = None) -> str:
    import json

    return json.dumps(data, indent=indent, ensure_ascii=False)
