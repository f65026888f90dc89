"""Values as directories export them: who is inactive, groups by their LDAP names, lists within a cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloy_async.provisioning import open_source, provision
from alloy_async.provisioning.sources.cell_values import read_names
from simulation.sandbox_directories import directory_of, empty_sandbox, place_of

DN = "CN=Sales,OU=Groups,DC=example,DC=com"


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (f"{DN};cn=b,dc=x", (DN, "cn=b,dc=x")),
        (r"CN=Sales\, EU,DC=x", (r"CN=Sales\, EU,DC=x",)),
        (r"CN=Sales\;EU,DC=x;CN=b,DC=x", (r"CN=Sales\;EU,DC=x", "CN=b,DC=x")),
        (r"CN=a\|b,DC=x", (r"CN=a\|b,DC=x",)),
        ("CN=a|b,DC=x|CN=c,DC=x", ("CN=a|b,DC=x", "CN=c,DC=x")),
        ("CN=Sales (a;b),DC=x", ("CN=Sales (a;b),DC=x",)),
        ('CN="Sales, EU",OU=G,DC=x', ('CN="Sales, EU",OU=G,DC=x',)),
        ("CN=a,DC=x; Staff", ("CN=a,DC=x", "Staff")),
        ("cn=a,o=x,c=DE,cn=b,o=x,c=DE", ("cn=a,o=x,c=DE", "cn=b,o=x,c=DE")),
        ("OU=a,OU=b,DC=x,DC=y,OU=c,DC=x", ("OU=a,OU=b,DC=x,DC=y", "OU=c,DC=x")),
        ("CN=Users,CN=Builtin,DC=x", ("CN=Users,CN=Builtin,DC=x",)),
        ("2.5.4.3=a,DC=x", ("2.5.4.3=a,DC=x",)),
        ("uid=a,ou=people,o=org\ncn=b,o=org", ("uid=a,ou=people,o=org", "cn=b,o=org")),
        (f'["{DN}", "b"]', (DN, "b")),
        ('"CN=a,DC=x","CN=b,DC=x"', ("CN=a,DC=x", "CN=b,DC=x")),
        ("[not, json]", ("[not", "json]")),
        ("a;b,c", ("a", "b,c")),
        ("a, b", ("a", "b")),
        ("", ()),
    ],
)
def test_names_within_a_cell(cell: str, names: tuple[str, ...]) -> None:
    assert read_names(cell) == names


INACTIVE = [
    ("Status [READ ONLY]", "Suspended"),
    ("Account Status", "DEPROVISIONED"),
    ("employment_status", "Terminated (2026-01-31)"),
    ("Kontostatus", "gesperrt"),
    ("Statut", "Désactivé"),
    ("userAccountControl", "514"),
    ("Locked", "yes"),
    ("archived", "TRUE"),
    ("Activo", "no"),
    ("Terminated", "1"),
]
ACTIVE = [
    ("Status", "Active"),
    ("Status", "married"),
    ("Status", "not suspended"),
    ("userAccountControl", "512"),
    ("userAccountControl", ""),
    ("Locked", "no"),
    ("Locked", ""),
]


def write_person(path: Path, column: str, value: str) -> Path:
    path.write_text(f"username,email,{column}\nada@x.example,ada@x.example,{value}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("column", "value"), INACTIVE)
@pytest.mark.parametrize("system", ["alloy", "agilicus"])
async def test_who_is_inactive_by_any_name_never_becomes_active(
    system: str, column: str, value: str, tmp_path: Path
) -> None:
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        source = open_source(
            write_person(tmp_path / "users.csv", column, value), key=directory.capabilities.key
        )
        counts = (await provision(source, directory)).counts
        if "active" in directory.capabilities.carries:
            made = await directory.find("ada@x.example")
            assert (counts.created, made.active) == (1, False)
        else:
            assert (counts.invalid, sandbox.ledger.count(what="created")) == (1, 0)


@pytest.mark.parametrize(("column", "value"), ACTIVE)
async def test_who_is_not_goes_in(column: str, value: str, tmp_path: Path) -> None:
    async with empty_sandbox("alloy") as sandbox, directory_of("alloy", sandbox.url) as directory:
        report = await provision(write_person(tmp_path / "users.csv", column, value), directory)
        assert report.counts.created == 1


def test_a_status_is_a_free_attribute_all_the_same(tmp_path: Path) -> None:
    (row,) = open_source(write_person(tmp_path / "users.csv", "Status", "Suspended")).rows()
    assert row.record is not None
    assert (row.record.active, row.record.attributes) == (False, {"Status": "Suspended"})
