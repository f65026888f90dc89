"""On which line of a table each key stands: the parser of TOML does not tell."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_PATH = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_PATH})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_PATH})\s*=(.*)$")
_MARKS = ('"""', "'''")
"""Begin and end a text of several lines, whose lines are no keys."""


class TableLineFinder:
    """Finds where in a table something is said.

    Args:
        text: the table.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in _iterate_lines_outside_strings(text):
            if header := _HEADER.match(line):
                table = _split_path(header[1])
                self._lines.setdefault(table, number)
            elif key := _KEY.match(line):
                path = (*table, *_split_path(key[1]))
                for longer in (path, *_iterate_inline_paths(path, key[2])):
                    self._lines.setdefault(longer, number)

    def find_line(self, *paths: Sequence[str]) -> int | None:
        """Find the line of the first of some paths that is said; None where none is.

        A path may be said by part: `place.org_id = ...` says `place`, and `set = {` over several lines `set.password`.
        """
        for path in paths:
            keys, least = tuple(path), 3 if path[0] == "tenants" else 1
            longer = [number for found, number in self._lines.items() if found[: len(keys)] == keys]
            if longer:
                return min(longer)
            while len(keys) > least:
                keys = keys[:-1]
                if keys in self._lines:
                    return self._lines[keys]
        return None


def _iterate_lines_outside_strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that can hold a header or a key, with their numbers."""
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            if inside in line:
                inside = ""
            continue
        yield number, line
        for mark in _MARKS:
            if line.count(mark) % 2 and not line.lstrip().startswith("#"):
                inside = mark


def _iterate_inline_paths(path: tuple[str, ...], value: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the keys within a table that stands on the line of its key: `globex = { mode = "sync" }`."""
    if value.lstrip().startswith("{"):
        try:
            tables = [(path, tomllib.loads(f"table = {value}")["table"])]
        except tomllib.TOMLDecodeError:  # it goes on over several lines
            return
        while tables:
            path, table = tables.pop()
            for key, inner in table.items():
                yield (*path, key)
                if isinstance(inner, dict):
                    tables.append(((*path, key), inner))


def _split_path(text: str) -> tuple[str, ...]:
    return tuple(_parse_key_part(part) for part in re.findall(_PART, text))


def _parse_key_part(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    if not part.startswith('"'):
        return part
    try:
        return str(json.loads(part))
    except ValueError:  # an escape of TOML that JSON has not
        return part[1:-1]
