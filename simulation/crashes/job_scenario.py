"""A job with known users before and after it, and the truth that its claims are held against."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import attrs

from alloy_async.directory import UserRecord
from alloy_async.provisioning import Report
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from alloy_async.sandbox import Ledger, Sandbox

from ..sandbox_directories import SYSTEMS, directory_of, place_of


@attrs.frozen
class Scenario:
    """What there is and what shall be, made from a seed."""

    rows: dict[str, str]
    """Name and family name, as the source has them."""
    before: dict[str, str]
    """Who is there before the job: some of the source under another name, and others."""
    bad: int
    """Rows of the source that cannot be sent; none for a sync, which removes nobody while a key cannot be read."""

    @classmethod
    def of(cls, rng: random.Random, size: int, mode: str = "create") -> Scenario:
        rows = {f"user{n}": f"Family{n}" for n in range(size)}
        known = rng.sample(sorted(rows), size // 8)
        others = {f"other{n}": f"Other{n}" for n in range(3)}
        return cls(rows, {**dict.fromkeys(known, "Somebody"), **others}, bad=0 if mode == "sync" else 2)

    def write(self, path: Path) -> None:
        """The source as a file, with whatever some system wants of a user."""
        lines = [
            f"{name},{name}@x.example,Given,{family},C4n4ry-pass-{name}" for name, family in self.rows.items()
        ]
        if self.bad:
            lines[3:3] = ["..,..,Dots,,", '"spy\x07","spy\x07@x.example",x,y,']
        path.write_text(
            "\n".join(["username,email,given_name,family_name,password", *lines, ""]), encoding="utf-8"
        )


def record(name: str, family: str) -> UserRecord:
    return UserRecord(
        username=name,
        email=f"{name}@x.example",
        given_name="Given",
        family_name=family,
        password=f"C4n4ry-pass-{name}",
    )


async def prepare_users(sandbox: Sandbox, scenario: Scenario) -> None:
    """Put those in who are there before the job; the ledger does not count them."""
    async with directory_of(sandbox.system, sandbox.url, place_of(sandbox)) as target:
        await target.create([record(name, family) for name, family in scenario.before.items()])
    sandbox.ledger = Ledger()


async def find_users(sandbox: Sandbox, names: Iterable[str]) -> dict[str, str]:
    """Those of the users that are there now, with their family names."""
    found = {}
    async with directory_of(sandbox.system, sandbox.url, place_of(sandbox)) as target:
        for name in names:
            user = await target.find(target.get_key(record(name, "")))
            if user is not None:
                found[name] = (user.family_name or user.full_name or "").removeprefix("Given ")
    return found


def name_of(key: str) -> str:
    return key.removesuffix("@x.example")


async def compare(sandbox: Sandbox, scenario: Scenario, report: Report, job: Path, mode: str) -> None:
    """Hold the job's claims against the truth: row by row, none lost, none twice."""
    with open_store_for_reading(job) as store:
        rows = [row for row in store.read_rows("apply") if row.action != "refuse"]
        refused = store.count_actions().get("refuse", 0)
    assert b"C4n4ry" not in job.read_bytes()
    assert refused == scenario.bad
    claims = {name_of(row.key): row.outcome for row in rows}
    reasons = {name_of(row.key): row.reason for row in rows}
    created, updated, deleted = (
        Counter(name_of(effect.key) for effect in sandbox.ledger if effect.what == what)
        for what in ("created", "updated", "deleted")
    )
    assert max(created.values(), default=1) == 1, f"doubled: {created}"
    assert max(deleted.values(), default=1) == 1
    now = await find_users(sandbox, {**scenario.rows, **scenario.before})
    new = scenario.rows.keys() - scenario.before.keys()
    old = scenario.rows.keys() & scenario.before.keys()
    if mode == "offboard":
        assert {name for name, outcome in claims.items() if outcome == "done"} == set(deleted) == old
        assert now.keys() == scenario.before.keys() - old
        return
    assert claims.keys() - scenario.before.keys() == new
    assert report.counts.rows == len(rows) + refused
    unknown = {name for name in new if claims[name] == "unknown"}
    assert not unknown or not SYSTEMS[sandbox.system].directory.capabilities.key_is_unique
    assert {name: reasons[name] for name in new - unknown if claims[name] != "created"} == {}
    assert new - unknown <= set(created) <= new, f"lost: {new - set(created)}, too many: {set(created) - new}"
    kept = scenario.before if mode == "create" else {}
    gone = scenario.before.keys() - old if mode == "sync" else set()
    assert {claims[name] for name in old} <= {"exists" if mode == "create" else "updated"}
    assert set(updated) == (set() if mode == "create" else old)
    assert set(deleted) == gone
    there = {**scenario.before, **scenario.rows, **kept}
    missing = gone | (unknown - set(created))
    assert now == {name: family for name, family in there.items() if name not in missing}
