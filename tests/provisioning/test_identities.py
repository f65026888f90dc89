"""Nobody who is in the file is removed or doubled, by whatever key the file names them; the sandbox's ledger is the judge."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import attrs
import pytest

from alloy_async.directory import Capabilities, UserRecord
from alloy_async.directory.record import fold
from alloy_async.provisioning import JobError, Mode, SourceError, open_source, provision
from alloy_async.sandbox import Sandbox
from simulation.memory_directory import MemoryDirectory
from simulation.sandbox_directories import directory_of, empty_sandbox, place_of

from ..systems import SYSTEMS

Named: TypeAlias = Literal["username", "email", "id", "other case", "other Unicode form"]
MAIL = "northwind.example"
STAYING, LEAVING, NEW = ("zoë", "bob"), ("cat", "dán"), "eve"
COLUMNS = ("username", "email", "given_name", "family_name", "full_name", "password")


def create_person(name: str, system: str) -> UserRecord:
    """Somebody as the system is told of them at first; where it knows nobody by email, the username is one."""
    return UserRecord(
        username=f"{name}@{MAIL}" if system in ("alloy", "smooch") else name,
        email=f"{name}@{MAIL}",
        given_name=name.title(),
        family_name="Quist",
        full_name=f"{name.title()} Quist",
        password="Correct-H0rse-battery",
    )


def write_key(user: UserRecord, named: Named, key: str) -> str:
    """How the file names a user in the column of the key."""
    plain = getattr(user, key)
    forms: Mapping[Named, Callable[[], str]] = {
        "username": lambda: plain,
        "email": lambda: user.email or user.username,
        "id": lambda: user.remote_id or plain,
        "other case": plain.upper,
        "other Unicode form": lambda: unicodedata.normalize("NFD", plain),
    }
    return forms[named]()


def write_file(path: Path, users: Sequence[UserRecord], named: Named, can: Capabilities) -> None:
    fields = [field for field in COLUMNS if field in can.carries]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, fields)
        out.writeheader()
        for user in users:
            values = {field: getattr(user, field) for field in fields}
            out.writerow({**values, can.key: write_key(user, named, can.key)})


def list_names(sandbox: Sandbox, what: str, first: int) -> list[str]:
    """Whom the sandbox created or deleted since a moment."""
    keys = [change.key for change in [*sandbox.ledger][first:] if change.what == what]
    return sorted(fold(key.partition("@")[0]) for key in keys)


@pytest.mark.parametrize("named", get_args(Named))
@pytest.mark.parametrize("mode", ["create", "upsert", "sync", "offboard"])
@pytest.mark.parametrize("system", SYSTEMS)
async def test_whoever_the_file_names_is_known(system: str, mode: Mode, named: Named, tmp_path: Path) -> None:
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        can = directory.capabilities
        if mode == "sync" and "list" not in can.abilities:
            pytest.skip("nobody can be listed there")
        if mode == "create" and named == "id":
            pytest.skip("who is new has no id there")
        people = {name: create_person(name, system) for name in (*STAYING, *LEAVING, NEW)}
        staff = [user async for user in directory.list()] if "list" in can.abilities else []
        await directory.create([people[name] for name in (*STAYING, *LEAVING)])
        for name in (*STAYING, *LEAVING):
            there = await directory.find(directory.get_key(people[name]))
            people[name].remote_id = there.remote_id
        first = len(sandbox.ledger)

        rows = [people[name] for name in (LEAVING if mode == "offboard" else STAYING)]
        newcomers = [people[NEW]] if mode != "offboard" and named != "id" else []
        file = tmp_path / "users.csv"
        write_file(file, [*(staff if mode == "sync" else ()), *rows, *newcomers], named, can)
        source = open_source(file, key=can.key)
        report = await provision(source, directory, mode=mode, allow_delete=0.9 if mode == "sync" else None)

        assert list_names(sandbox, "created", first) == [NEW] * len(newcomers), "nobody is doubled"
        leavers = sorted(map(fold, LEAVING)) if mode in ("sync", "offboard") else []
        assert list_names(sandbox, "deleted", first) == leavers, "who is in the file stays"
        told = {name: number for name, number in attrs.asdict(report.counts).items() if number}
        same = "uncompared" if can.hidden else "unchanged"  # a password is in the file
        known = {
            "create": {"exists": 2},
            "upsert": {same: 2},
            "sync": {same: 2, "deleted": 2} | ({"unchanged": len(staff)} if staff else {}),
            "offboard": {"done": 2 * len(can.offboarding)},
        }[mode]
        assert told == {**known, **({"created": 1} if newcomers else {})}


async def run(directory: Any, text: str, tmp_path: Path, mode: Mode, **options: Any) -> dict[str, int]:
    """The outcomes of a file."""
    file = tmp_path / "users.csv"
    file.write_text(text, encoding="utf-8")
    source = open_source(file, key=directory.capabilities.key)
    report = await provision(source, directory, mode=mode, **options)
    return {name: number for name, number in attrs.asdict(report.counts).items() if number}


async def test_a_changed_username_removes_and_doubles_nobody(tmp_path: Path) -> None:
    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        await portal.create([create_person(name, "opendatasoft") for name in ("ada", "bob")])
        text = f"username,email\nada.quist,ada@{MAIL}\nbob,bob@{MAIL}\n"
        told = await run(portal, text, tmp_path, "sync", allow_delete=1)
        assert told == {"invalid": 1, "unchanged": 1}
        assert sandbox.ledger.count(what="deleted") == 0
        assert sandbox.ledger.count(what="created") == 2


async def test_a_leaver_is_found_by_email_though_the_username_is_another(tmp_path: Path) -> None:
    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        await portal.create([create_person(name, "opendatasoft") for name in ("ada", "bob")])
        told = await run(portal, f"username,email\nada.quist,ada@{MAIL}\n", tmp_path, "offboard")
        assert told == {"done": 1}
        assert [change.key for change in sandbox.ledger.find(what="deleted")] == ["ada"]


@pytest.mark.parametrize("mode", ["upsert", "sync", "offboard"])
async def test_a_row_that_means_two_users_touches_neither(mode: Mode, tmp_path: Path) -> None:
    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        await portal.create([create_person(name, "opendatasoft") for name in ("ada", "bob")])
        first = len(sandbox.ledger)
        share = {"allow_delete": 1} if mode == "sync" else {}
        told = await run(portal, f"username,email\nada,bob@{MAIL}\n", tmp_path, mode, **share)
        assert told == {"invalid": 1}
        assert len(sandbox.ledger) == first


@pytest.mark.parametrize("mode", ["upsert", "sync"])
async def test_two_rows_that_mean_one_user_are_not_both_sent(mode: Mode, tmp_path: Path) -> None:
    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        await portal.create([create_person("ada", "opendatasoft")])
        share = {"allow_delete": 1} if mode == "sync" else {}
        text = f"username,email,given_name\nada,,Ada\nada@{MAIL},,Other\n"
        assert await run(portal, text, tmp_path, mode, **share) == {"unchanged": 1, "invalid": 1}
        assert sandbox.ledger.count(what="updated") == 0


@pytest.mark.parametrize("second", [f"bob,ADA@{MAIL}", f"ada@{MAIL},bob@{MAIL}", f"ADA@{MAIL},"])
@pytest.mark.parametrize("mode", ["create", "upsert"])
async def test_two_newcomers_who_share_a_name_are_not_both_invited(
    mode: Mode, second: str, tmp_path: Path
) -> None:
    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        told = await run(portal, f"username,email\nada,ada@{MAIL}\n{second}\n", tmp_path, mode)
        assert told == {"created": 1, "invalid": 1}
        invitations = [request for request in sandbox.requests if request.method == "POST"]
        assert b"bob" not in b"".join(request.body for request in invitations)


async def test_a_number_of_ones_own_is_not_taken_for_an_id(tmp_path: Path) -> None:
    async with empty_sandbox("alsid") as sandbox, directory_of("alsid", sandbox.url) as alsid:
        await alsid.create([create_person("ada", "alsid")])
        ada = await alsid.find(f"ada@{MAIL}")
        text = f"username,email,given_name,password\n{ada.remote_id},bob@{MAIL},Bob,Correct-H0rse-battery\n"
        assert await run(alsid, text, tmp_path, "upsert") == {"created": 1}
        assert sandbox.ledger.count(what="updated") == 0


@pytest.mark.parametrize("mode", ["upsert", "sync"])
async def test_a_system_that_tells_case_apart_gets_no_second_account(mode: Mode, tmp_path: Path) -> None:
    target = MemoryDirectory("ada", "bob")  # its look-up takes the same text only
    share = {"allow_delete": 1} if mode == "sync" else {}
    assert await run(target, "username\nADA\nBob\n", tmp_path, mode, **share) == {"unchanged": 2}
    assert [*target.users] == ["ada", "bob"]
    assert not target.calls


SWALLOWED = {
    "no email": ("username,email,notes", ['u0,,n', 'u1,,"n', "u2,,n", 'u3,,n"'], SourceError),
    "blank line": ("username;full_name", ["u0;A", 'u1;"B', "", "u2;C", '', 'u3;D"'], SourceError),
    "first column": ("notes,username,email", ['"n,u0,', "n,u1,", "n,u2,", 'n",u3,'], SourceError),
    "blanks": ("username, email, notes", ['u0, , n', 'u1, , "n', "u2, , n", 'u3, , n"'], JobError),
    "short rows": ("username,email,notes", ['u0,,n', 'u1,,"n', "u2,", 'u3,"'], JobError),
    "long rows": ("username\temail\tnotes", ["u0\t\tn", 'u1\t\t"n', "u2\t\tn\tx", 'u3\t\tn\tx"'], JobError),
    "other delimiter": ("username,email,notes", ["u0,,n", 'u1,,"n', "u2;;n", 'u3;;n"'], JobError),
}  # fmt: skip


@pytest.mark.parametrize("fault", SWALLOWED)
async def test_nobody_is_removed_whose_row_another_cell_swallows(fault: str, tmp_path: Path) -> None:
    header, lines, error = SWALLOWED[fault]
    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        await portal.create([create_person(f"u{number}", "opendatasoft") for number in range(4)])
        with pytest.raises(error):
            await run(portal, "\n".join([header, *lines, ""]), tmp_path, "sync", allow_delete=1)
        assert sandbox.ledger.count(what="deleted") == 0


async def test_a_cell_of_several_lines_may_name_who_stays(tmp_path: Path) -> None:
    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        await portal.create([create_person(name, "opendatasoft") for name in ("ada", "bob", "cat")])
        text = 'username,notes\nada,"works with\nbob, 7\n"\nbob,\n'
        told = await run(portal, text, tmp_path, "sync", allow_delete=1)
        assert told == {"unchanged": 2, "deleted": 1}
        assert [change.key for change in sandbox.ledger.find(what="deleted")] == ["cat"]


@pytest.mark.parametrize("there", ["ada@münchen.example", "ada@xn--mnchen-3ya.example"])
@pytest.mark.parametrize("mode", ["upsert", "sync", "offboard"])
@pytest.mark.parametrize("system", [system for system in SYSTEMS if system != "smooch"])
async def test_a_domain_is_the_same_in_letters_and_encoded(
    system: str, mode: Mode, there: str, tmp_path: Path
) -> None:
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        person = attrs.evolve(create_person("ada", system), email=there)
        key = directory.capabilities.key
        if system == "alloy":
            person.username = there
        staff = [getattr(user, key) async for user in directory.list()]
        await directory.create([person])
        first = len(sandbox.ledger)
        other = {"ada@münchen.example": "ADA@XN--MNCHEN-3YA.example"}.get(there, "Ada@MÜNCHEN.example")
        header = "username,email" if key == "username" else "email"
        rows = [*(staff if mode == "sync" else ()), other]
        text = f"{header}\n" + "".join(f"{','.join([row] * len(header.split(',')))}\n" for row in rows)
        await run(directory, text, tmp_path, mode, **({"allow_delete": 1} if mode == "sync" else {}))
        assert list_names(sandbox, "deleted", first) == (["ada"] if mode == "offboard" else [])
        assert list_names(sandbox, "created", first) == []


async def test_who_is_there_by_a_damaged_name_can_leave_by_it(tmp_path: Path) -> None:
    target = MemoryDirectory("zoÃ«", "ad?", "bob", offboarding=("delete",))
    assert await run(target, "username\nzoÃ«\nad?\n", tmp_path, "offboard") == {"done": 2}
    assert [*target.users] == ["bob"]


ILLEGIBLE = {
    "control character": "a\x01da",
    "zero width space": "a\u200bda",
    "direction mark": "\u202eada",
    "lost character": "ad\ufffd",
    "misread": "adÃ«",
    "question mark": "ad?",
    "entity": "ad&euml;",
    "percent": "ad%C3%AB",
    "quoted": "ad=C3=AB",
    "spreadsheet's error": "#NAME?",
    "spreadsheet's text mark": "'ada",
    "quotes": "“ada",
    "formula": "=ada",
    "link": "MAILTO:ada",
    "bracket": "<ada",
    "comment": "#ada",
    "too long": "a" * 3000,
    "no address": "ada",
}


@pytest.mark.parametrize("fault", ILLEGIBLE)
@pytest.mark.parametrize("system", [system for system in SYSTEMS if system != "smooch"])
async def test_a_row_whose_key_cannot_be_read_may_mean_anybody_so_that_nobody_is_removed(
    system: str, fault: str, tmp_path: Path
) -> None:
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        can, by_email = directory.capabilities, directory.capabilities.key == "email"
        if fault == "no address" and not by_email:
            pytest.skip("a username need not be an address")
        await directory.create([create_person(name, system) for name in ("ada", "bob")])
        first = len(sandbox.ledger)
        name = ILLEGIBLE[fault]
        if by_email and fault not in ("no address", "spreadsheet's error"):
            name += f"@{MAIL}"
        staff = [user.email async for user in directory.list() if user.email and "ada" not in user.email]
        path = tmp_path / "users.csv"
        others = (
            staff if by_email else ["bob" if can.key == "username" and system != "alloy" else f"bob@{MAIL}"]
        )
        path.write_text(f"{can.key}\n{name}\n" + "".join(f"{one}\n" for one in others), encoding="utf-8")
        with pytest.raises(JobError, match="has no readable key and may mean some of them"):
            await provision(path, directory, mode="sync", allow_delete=1)
        assert len(sandbox.ledger) == first
