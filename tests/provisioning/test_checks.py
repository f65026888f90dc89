"""What is told about a row before anything is sent."""

from __future__ import annotations

import errno
import io
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from alloy_async.directory.record import fold
from alloy_async.provisioning import FieldMap, Finding, Row, open_source
from alloy_async.provisioning.checks.duplicates import FirstLines, KeyHashes
from alloy_async.provisioning.checks.row_checks import _EMAIL, _USUAL_EMAIL, RowChecks
from alloy_async.provisioning.sources import ColumnLayout
from simulation.memory_directory import CAPABILITIES
from simulation.sandbox_directories import SYSTEMS

COLUMNS = ColumnLayout.match_header(["Login", "Name", "E-Mail"], FieldMap())


def findings(*cells: str, columns: ColumnLayout = COLUMNS, also_carries: Sequence[str] = ()) -> list[Finding]:
    can = attrs.evolve(CAPABILITIES, carries=(*CAPABILITIES.carries, *also_carries))
    return RowChecks(columns, can).find_row_faults(Row(7, columns, cells, columns.create_record(cells)))


@pytest.mark.parametrize(
    ("cells", "column", "severity", "words"),
    [
        (("", "Ada", ""), "Login", "error", "username is missing"),
        ((" \u200b ", "Ada", ""), "Login", "error", "username is missing"),
        ((" ada", "Ada", ""), "Login", "warning", "spaces around"),
        (("ada", "Ada\u00a0", ""), "Name", "warning", "spaces around"),
        (("x" * 65, "Ada", ""), "Login", "error", "has 65 characters, 64 are allowed"),
        (("ada", "Ada\nL", ""), "Name", "error", "character 4 is U+000A (line break)"),
        (("a\u200bda", "", ""), "Login", "error", "character 2 is U+200B (zero width space)"),
        (("ada\ud800", "", ""), "Login", "error", "U+D800"),
        (("..", "", ""), "Login", "error", "dots only"),
        (("ada", "", "n/a"), "E-Mail", "warning", "not an e-mail address"),
        (("ada", "", "a@b@c.de"), "E-Mail", "warning", "not an e-mail address"),
    ],
)
def test_a_fault(cells: tuple[str, ...], column: str, severity: str, words: str) -> None:
    (finding,) = findings(*cells)
    assert (finding.line, finding.column, finding.severity) == (7, column, severity)
    assert words in finding.message


@pytest.mark.parametrize(
    "cells",
    [
        ("ada", "", ""),
        ("ada+nights@x.example", "Zoë O'Brien, 山田", "ada.l+x@mail.x.example"),
        ("a/b c", "رضا\u200cزاده", ""),  # a joiner that Persian spelling needs
    ],
)
def test_no_false_alarm(cells: tuple[str, ...]) -> None:
    assert findings(*cells) == []


def test_a_field_that_the_system_takes_must_be_right() -> None:
    (finding,) = findings("ada", "", "n/a", also_carries=["email"])
    assert finding.severity == "error"
    columns = ColumnLayout.match_header(["login", "active"], FieldMap())
    (finding,) = findings("ada", "maybe", columns=columns)
    assert "allow_inactive=True" in finding.message
    (finding,) = findings("ada", "maybe", columns=columns, also_carries=["active"])
    assert finding.message == "is neither true nor false; write yes or no"


@pytest.mark.parametrize(
    "variant", ["ZOË@X.example", "zoe\u0308@x.example", "ｚｏë@x.example", "zoë@x.example"]
)
def test_spellings_of_one_key(variant: str) -> None:
    assert fold(variant) == fold("zoë@x.example")


@given(st.text())
def test_folding_is_stable(key: str) -> None:
    folded = fold(key)
    assert fold(folded) == folded
    assert fold(unicodedata.normalize("NFD", key)) == folded


@given(st.lists(st.text(max_size=2)))
def test_every_repeated_key_is_found_with_its_first_line(keys: list[str]) -> None:
    hashes = KeyHashes()
    hashes.remember_keys(keys)
    first_lines = FirstLines(hashes.take_repeated())
    for _ in range(2):  # a second walk tells the same
        for line, key in enumerate(keys):
            first = keys.index(key)
            assert first_lines.find_earlier_or_add(key, line, key) == (
                None if first == line else (first, key)
            )


@pytest.mark.parametrize("repeated", [3, 140_000])
def test_repeated_keys_are_found_among_more_than_are_looked_at_together(repeated: int) -> None:
    hashes = KeyHashes()
    hashes.remember_keys(f"user{number}" for number in range(140_000))
    hashes.remember_keys(["ada"] * repeated)
    hashes.remember_keys(["user5", "user139999"])
    assert hashes.take_repeated() == {hash("ada"), hash("user5"), hash("user139999")}
    assert hashes.take_repeated() == frozenset()


class FullDisk(io.BytesIO):
    """A file that takes so many bytes, and then none."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.left = room

    def write(self, data: Any, /) -> int:
        size = len(data)
        if size > self.left:
            self.left = 0
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= size
        return super().write(data)


@given(st.lists(st.lists(st.integers(0, 300), max_size=60), max_size=12), st.integers(0, 2000))
def test_repeated_keys_are_found_on_disk_and_where_it_is_full(parts: list[list[int]], room: int) -> None:
    counted = Counter(hash(str(key)) for part in parts for key in part)
    for open_file in (io.BytesIO, lambda: FullDisk(room)):
        hashes = KeyHashes(20, open_file)
        for part in parts:
            hashes.remember_keys(map(str, part))
        assert hashes.take_repeated() == {value for value, times in counted.items() if times > 1}
        hashes.remember_keys(["ada"])
        assert hashes.take_repeated() == frozenset()


def test_hashes_wait_in_a_file_that_is_gone_afterwards() -> None:
    opened: list[io.BytesIO] = []

    def open_file() -> io.BytesIO:
        opened.append(io.BytesIO())
        return opened[-1]

    hashes = KeyHashes(20, open_file)
    hashes.remember_keys(f"user{number}" for number in range(50))
    assert len(opened[0].getvalue()) == 50 * 8
    assert hashes.take_repeated() == frozenset()
    assert opened[0].closed


def test_a_disk_that_cannot_be_used_leaves_them_in_memory() -> None:
    def refuse() -> io.BytesIO:
        raise OSError(errno.EROFS, "Read-only file system")

    hashes = KeyHashes(20, refuse)
    hashes.remember_keys([*map(str, range(50)), "7"])
    assert hashes.take_repeated() == {hash("7")}


def test_a_shared_hash_is_no_duplicate() -> None:
    first_lines = FirstLines(frozenset({hash("ada"), hash("bob")}))
    assert [
        first_lines.find_earlier_or_add("ada", 1, "ada"),
        first_lines.find_earlier_or_add("bob", 2, "bob"),
    ] == [
        None,
        None,
    ]


@given(st.from_regex(_USUAL_EMAIL, fullmatch=True))
def test_the_quick_look_at_an_address_takes_none_that_the_thorough_one_refuses(text: str) -> None:
    assert len(text) > 64 or _EMAIL.fullmatch(text)


@pytest.mark.parametrize("system", ["alloy", "smooch", "alsid"])
def test_an_activity_that_cannot_be_read_may_say_inactive(system: str, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    can = SYSTEMS[system].directory.capabilities
    path.write_text(f"{can.key},active\nada@x.example,perhaps\nbob@x.example,yes\neve@x.example,\n")
    for allowed in (False, True):
        source = open_source(path, key=can.key)
        checks = [
            RowChecks(row.columns, can, allow_inactive=allowed).find_row_faults(row) for row in source.rows()
        ]
        told = [bool([one for one in found if "neither true nor false" in one.message]) for found in checks]
        assert told == [not allowed or "active" in can.carries, False, False]
