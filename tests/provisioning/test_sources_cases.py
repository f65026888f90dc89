"""Files as people have them: each is the smallest that once went wrong, with what must happen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from alloy_async.provisioning import FieldMap, Row, SourceError, open_source, plan, provision
from simulation.memory_directory import MemoryDirectory

CASES = Path(__file__).parent / "cases"


def rows(name: str, **options: object) -> Sequence[Row]:
    return list(open_source(CASES / name, **options).rows())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("ctrl_z.csv", 12, (2, "ada.quist0"), (13, "bela.rohm11")),
        ("sep_upper.csv", 12, (3, "ada.quist0"), (14, "bela.rohm11")),
        ("sep_trailing.csv", 12, (3, "ada.quist0"), (14, "bela.rohm11")),
        ("title_row3.csv", 12, (4, "ada.quist0"), (15, "bela.rohm11")),
        ("trailing_cols_data_only.csv", 12, (2, "ada.quist0"), (13, "bela.rohm11")),
        ("ns.parquet", 2, (1, "a"), (2, "b")),
        ("emo.csv", 4, (2, "urn:id:7"), (5, "bad:on:\x01")),
        ("sync_good.csv", 1200, (2, "sw0001"), (1201, "sw1200")),
    ],
)
def test_files_that_are_read(name: str, count: int, first: tuple[int, str], last: tuple[int, str]) -> None:
    found = rows(name)
    ends = [(row.line, row.record.username) for row in (found[0], found[-1]) if row.record]
    assert (len(found), ends) == (count, [first, last])
    assert all(row.record and not row.findings for row in found)


@pytest.mark.parametrize(("name", "line", "swallowed"), [("swallow.csv", 6, 25), ("sync_bad.csv", 101, 15)])
def test_a_quote_that_swallows_rows_is_told_where_it_begins(name: str, line: int, swallowed: int) -> None:
    with pytest.raises(SourceError, match=f"'notes'.* holds {swallowed} lines that look like rows") as caught:
        rows(name)
    assert caught.value.line == line


@pytest.mark.parametrize("mode", ["create", "upsert", "sync", "offboard"])
async def test_nobody_is_touched_where_a_quote_swallows_rows(tmp_path: Path, mode: str) -> None:
    people = [row.record.username for row in rows("sync_good.csv") if row.record]
    target = MemoryDirectory(*people, offboarding=("delete",))
    with pytest.raises(SourceError):
        await provision(
            CASES / "sync_bad.csv",
            target,
            mode=mode,
            job=tmp_path / "x.job",
            allow_delete=0.05,  # type: ignore[arg-type]
        )
    assert list(target.users) == people
    assert target.steps == []


def test_groups_by_their_ldap_names() -> None:
    ada, bela = rows("ad_dn.csv")
    assert ada.record
    assert bela.record
    assert ada.record.groups == ("CN=Sales,OU=Groups,DC=example,DC=com",)
    assert bela.record.groups == (
        "CN=Sales,OU=Groups,DC=example,DC=com",
        "CN=All,OU=Groups,DC=example,DC=com",
    )
    assert set(ada.record.attributes) == {"manager", "userAccountControl"}


def test_a_quote_behind_a_blank_is_a_quote() -> None:
    (row,) = rows("space_after_comma.csv")
    assert row.record
    assert (row.record.username, row.record.email, row.record.full_name) == (
        "ada",
        "ada@example.com",
        "Quist, Ada",
    )


def test_a_template_of_entra() -> None:
    ada, bela = rows("entra_noversion.csv")
    assert ada.record
    assert bela.record
    assert (ada.record.username, ada.record.full_name, ada.record.department) == (
        "ada@example.com",
        "Ada Quist",
        "IT",
    )
    # The column says who is blocked.
    assert (ada.record.active, bela.record.active) == (True, False)
    assert ada.record.password == "S3cret-Hunter2!"
    assert "S3cret" not in repr([ada, dict(ada.values)])


def test_one_column_is_the_password_and_the_others_go_nowhere() -> None:
    for row in rows("pw_names.csv"):
        assert row.record
        assert row.record.password in ("S3CRET6", "S3CRET6x")  # user_password, the plainest of the names
        assert row.record.attributes == {}
        assert "S3CRET" not in repr(dict(row.values))


async def test_a_key_that_differs_by_case_only_is_told_why(tmp_path: Path) -> None:
    report = await plan(CASES / "fold.csv", MemoryDirectory(), job=tmp_path / "x.job")
    assert report.check is not None
    (finding,) = report.check.findings
    assert finding.line == 3
    assert finding.message == (
        "'ada.q' is on line 2 already as 'ADA.Q' (case makes no difference); remove one of the two rows"
    )


def test_one_column_for_two_fields() -> None:
    (row,) = rows("al2.csv", mapping=FieldMap.parse(["email=username", "email=email"]))
    assert row.record
    assert (row.record.username, row.record.email) == ("al1@example.com", "al1@example.com")
