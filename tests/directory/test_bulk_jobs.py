"""Bulk jobs into every directory: what a plan sees there is what the adapter carried."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from alloy_async.directory import FIELDS, Capabilities
from alloy_async.directory.adapter import Adapter
from alloy_async.provisioning import open_source, provision, undo
from alloy_async.provisioning.events import Counts
from alloy_async.sandbox import Fault, Reset, Sandbox

from .cases import Case

NAMES = ("ada", "bob", "cat")


def written(path: Path, case: Case, can: Capabilities, family: str) -> Any:
    """A file with a column for every field that the system carries."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, [field for field in FIELDS if field in can.carries])
        out.writeheader()
        for name in NAMES:
            person = case.person(name)
            row = {field: getattr(person, field) for field in out.fieldnames}
            row |= {"family_name": family} if "family_name" in row else {}
            row |= {"full_name": f"{name.title()} {family}"} if "full_name" in row else {}
            out.writerow({k: "; ".join(v) if isinstance(v, tuple) else v for k, v in row.items()})
    return open_source(path, key=can.key)


async def counts(source: Any, directory: Adapter[Any], mode: Any, job: Path) -> Counts:
    return (await provision(source, directory, mode=mode, job=job)).counts


async def test_create_change_take_back_and_leave(
    case: Case, sandbox: Sandbox, directory: Adapter[Any], tmp_path: Path
) -> None:
    people = written(tmp_path / "users.csv", case, directory.capabilities, "Quist")
    assert await counts(people, directory, "create", tmp_path / "1.job") == Counts(created=3)
    assert await counts(people, directory, "create", tmp_path / "2.job") == Counts(exists=3)
    changes = sandbox.ledger.count(what="updated")
    same = Counts(uncompared=3) if "password" in directory.capabilities.hidden else Counts(unchanged=3)
    assert await counts(people, directory, "upsert", tmp_path / "3.job") == same
    assert sandbox.ledger.count(what="updated") == changes
    renamed = written(tmp_path / "renamed.csv", case, directory.capabilities, "Lovelace")
    assert await counts(renamed, directory, "upsert", tmp_path / "4.job") == Counts(updated=3)
    ada = await directory.find(case.key("ada"))
    assert ada is not None
    assert ada.display_name == "Ada Lovelace"
    assert (await undo(tmp_path / "4.job", directory)).counts == Counts(restored=3)
    ada = await directory.find(case.key("ada"))
    assert ada is not None
    assert ada.display_name == "Ada Quist"
    steps = len(directory.capabilities.offboarding)
    assert await counts(people, directory, "offboard", tmp_path / "5.job") == Counts(done=3 * steps)
    assert await directory.find(case.key("ada")) is None


async def test_a_lost_answer_doubles_nobody(
    case: Case, sandbox: Sandbox, directory: Adapter[Any], tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(Reset(after_effect=True), case.create, nth=1, times=2))
    people = written(tmp_path / "users.csv", case, directory.capabilities, "Quist")
    assert await counts(people, directory, "create", tmp_path / "1.job") == Counts(created=3)
    assert sorted(e.key for e in sandbox.ledger.find(what="created")) == sorted(map(case.key, NAMES))
