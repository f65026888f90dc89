"""What the library says of its arguments is in the words of who reads it: Python, the command line, a table of tenants."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import alloy_async
from alloy_async.cli.app import app
from alloy_async.cli.error_messages import OPTIONS, format_option_name
from alloy_async.cli.tenants.error_messages import format_argument_as_key
from alloy_async.core.argument_errors import format_argument_name, set_argument_format_for_block
from alloy_async.provisioning import SourceError, open_source

LIBRARY = Path(alloy_async.__file__).parent


@pytest.mark.parametrize(
    ("name", "value", "python", "option", "key"),
    [
        ("allow_inactive", True, "allow_inactive=True", "--allow-inactive", "allow_inactive = true"),
        ("allow_delete", 0.05, "allow_delete=0.05", "--allow-delete 0.05", "allow_delete = 0.05"),
        ("encoding", "cp1252", "encoding='cp1252'", "--encoding cp1252", 'encoding = "cp1252"'),
        ("sheet", "My Sheet", "sheet='My Sheet'", "--sheet 'My Sheet'", 'sheet = "My Sheet"'),
        ("skip_rows", None, "skip_rows=", "--skip-rows", "skip_rows"),
        ("job", None, "job=", "--job", "job"),
        ("new_key", True, "new_key=True", "--new-key", "--new-key"),
        (
            "mapping",
            {"E Mail": "username"},
            "mapping=FieldMap({'E Mail': 'username'})",
            "--map 'E Mail=username'",
            'map = { "E Mail" = "username" }',
        ),
    ],
)
def test_an_argument_has_a_name_in_each_place(
    name: str, value: Any, python: str, option: str, key: str
) -> None:
    assert format_argument_name(name, value) == python
    with set_argument_format_for_block(format_option_name):
        assert format_argument_name(name, value) == option
        with set_argument_format_for_block(format_argument_as_key):
            assert format_argument_name(name, value) == key
        assert format_argument_name(name, value) == option
    assert format_argument_name(name, value) == python


def test_the_same_mistake_in_three_places(tmp_path: Path) -> None:
    source, table = tmp_path / "users.csv", tmp_path / "tenants.toml"
    source.write_bytes("username\nadä\n".encode("cp1252"))
    table.write_text('system = "alloy"\nfile = "users.csv"\n[tenants.acme]\n')
    with pytest.raises(SourceError, match="give encoding='cp1252'"):
        list(open_source(source).rows())
    one = CliRunner().invoke(app, ["provision", str(source), "--to", "alloy", "--sandbox"])
    assert "give --encoding cp1252" in one.stderr
    many = CliRunner().invoke(app, ["provision", "--many", str(table), "--sandbox"])
    assert 'give encoding = "cp1252"' in many.output


def test_the_library_knows_no_option() -> None:
    """Of the command line only the command line speaks."""
    packages = [
        path for path in LIBRARY.iterdir() if path.is_dir() and path.name not in ("cli", "__pycache__")
    ]
    options = "|".join(
        sorted({*OPTIONS.values(), "--set", "--map", "--many", "--only", "--failed", "--sandbox"})
    )
    pattern = re.compile(rf"(?<![\w-])(?:{options})\b(?!-)")
    # A whole command may be quoted, and the words of one be passed on.
    commands = re.compile(r"""alloy-async \w+.*|"--[\w-]+",""")
    found = [
        f"{path.relative_to(LIBRARY)}:{number}: {line.strip()}"
        for package in packages
        for path in sorted(package.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(commands.sub("", line)) and not line.lstrip().startswith("#")
    ]
    assert found == []
