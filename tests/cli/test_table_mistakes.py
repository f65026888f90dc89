"""What is wrong with a table of tenants is told at once, each with its line, in the words of the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from alloy_async.cli.tenants.table.lines import TableLineFinder

from .test_many import World, run, world as world

TABLE = """\
# three customers
system = "alloy"
file = "{name}.csv"

[tenants.acme]
credential = { env = "ACME_KEY" }
set = { password = { env = "NO_SUCH" }, foo = "y" }
mode = "upset"

[tenants."globex"]
profile = "nobody"
rate = 0
place.orgid = "x"

[tenants.initech]
system = "agilicus"
file = "none.csv"
credential = { env = "INITECH_KEY" }
"""


def test_all_mistakes_of_all_kinds_are_told_together(world: World) -> None:
    world.table.write_text(TABLE)
    result = run("provision", "--many", world.table)
    assert result.exit_code == 2
    head, *lines = result.stderr.splitlines()
    assert head == f"Error: {world.table}: 8 mistakes; nothing was sent:"
    beginnings = [
        "  line 7: acme: set.password: the environment variable NO_SUCH is not set; it must hold the value",
        "  line 7: acme: there is no field 'foo'",
        "  line 8: acme: mode is one of create, upsert, sync, offboard",
        "  line 11: globex: profile says whose account it is; leave out place",
        "  line 11: globex: ",
        "  line 12: globex: rate is requests a second, above 0",
        f"  line 17: initech: {world.folder / 'none.csv'}: cannot be read: No such file or directory",
        '  line 18: initech: agilicus needs place = { org_id = "..." }, or AGILICUS_ORG_ID in the environment',
    ]
    for line, beginning in zip(lines, beginnings, strict=True):
        assert line.startswith(beginning), line
    assert "--" not in result.stderr
    assert (world.sent, world.jobs) == (0, [])
    assert not (world.folder / "tenants.jobs.json").exists()


def test_a_mistake_in_a_table_on_one_line_stands_there_and_not_where_all_tenants_say_the_key(
    world: World,
) -> None:
    world.table.write_text(
        'mode = "upsert"\nsystem = "alloy"\nfile = "{name}.csv"\ncredential = { env = "{NAME}_KEY" }\n[tenants]\n'
        'acme = {}\nglobex = { mode = "snyc" }\n'
    )
    result = run("provision", "--many", world.table, "--sandbox")
    assert [line.partition(" is one of")[0] for line in result.stderr.splitlines()[1:]] == [
        "  line 7: globex: mode",
    ]


def test_what_a_misspelt_key_left_out_is_no_mistake_of_its_own(world: World) -> None:
    world.table.write_text('[tenants.acme]\nsystm = "alloy"\nfil = "acme.csv"\n')
    result = run("provision", "--many", world.table)
    assert [line.partition(";")[0] for line in result.stderr.splitlines()[1:]] == [
        "  line 2: acme: there is no key 'systm'",
        "  line 3: acme: there is no key 'fil'",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[acme]\nsystem = "alloy"\nfile = "a.csv"\n', "as [tenants.acme] on line 1"),
        ('x = 1\n[tenant.acme]\nfile = "a.csv"\n', "as [tenants.acme] on line 2, not [tenant.acme]"),
    ],
)
def test_tenants_at_the_top_are_shown_their_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "tenants.toml"
    path.write_text(text)
    result = run("provision", "--many", path)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_a_secret_is_read_where_it_is_kept_in_a_sandbox_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(acme='set = { password = { env = "FIRST_PASSWORD" } }')
    words = ("provision", "--many", world.table, "--only", "acme", "--sandbox")
    result = run(*words)
    assert result.exit_code == 2
    assert "set.password: the environment variable FIRST_PASSWORD is not set" in result.stderr
    monkeypatch.setenv("FIRST_PASSWORD", "Corr-H0rse-c4n4ry")
    assert run(*words).exit_code == 0


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("file",), 2),
        (("tenants", "acme"), 5),
        (("tenants", "acme", "set"), 6),
        (("tenants", "acme", "set", "password"), 6),
        (("tenants", "a.b", "place"), 13),
        (("tenants", "a.b", "place", "org_id"), 13),
        (("tenants", "a.b", "map"), 15),
        (("tenants", "acme", "rate"), None),
        (("mode",), None),
    ],
)
def test_each_key_has_a_line(path: tuple[str, ...], line: int | None) -> None:
    lines = TableLineFinder(
        "# file = 0\n"
        'file = "x"\n'
        "\n"
        "# [tenants.acme]\n"
        " [ tenants . acme ] # here\n"
        "set = { password = 1 }\n"
        'note = """\n'
        "mode = 3\n"
        "[tenants.no]\n"
        '"""\n'
        "other = '''mode = 5'''\n"
        "[tenants.'a.b']\n"
        'place."org_id" = "x"\n'
        "\n"
        '[tenants."a.b".map]\n'
        'Mail = "email"\n'
    )
    assert lines.find_line(path) == line


@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_be_searched(text: str) -> None:
    TableLineFinder(text).find_line(("tenants", "acme", "file"), ("file",))
