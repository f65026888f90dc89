"""Users as columns are the users that they are as records."""

from __future__ import annotations

from hypothesis import given, strategies as st

from alloy_async.directory import UserRecord
from alloy_async.directory.record_columns import RecordColumns

TEXTS = st.none() | st.sampled_from(["ada", "Ada L", "é"])
RECORDS = st.lists(
    st.builds(
        UserRecord,
        username=st.sampled_from(["", "ada", "bob"]),
        full_name=TEXTS,
        active=st.none() | st.booleans(),
        groups=st.lists(st.sampled_from("xyz"), max_size=2).map(tuple),
        attributes=st.dictionaries(st.sampled_from(["desk", "site"]), st.none() | st.integers(0, 3)),
        password=TEXTS,
    ),
    min_size=1,
    max_size=5,
)


@given(records=RECORDS, start=st.integers(0, 5), stop=st.integers(0, 5))
def test_columns_are_cut_and_joined_as_lists_of_records_are(
    records: list[UserRecord], start: int, stop: int
) -> None:
    columns = RecordColumns.from_records(records)
    start, stop = min(start, stop, len(records)), min(max(start, stop), len(records))
    assert list(columns.iterate_records()) == records
    assert list(columns.slice_rows(start, stop).iterate_records()) == records[start:stop]
    parts = [
        columns.slice_rows(0, start),
        columns.slice_rows(start, stop),
        columns.slice_rows(stop, len(records)),
    ]
    assert list(RecordColumns.join(parts).iterate_records()) == records


def test_what_nothing_fills_is_empty() -> None:
    columns = RecordColumns(2, {"username": ["ada", "bob"], "full_name": ["", "Bob"]})
    assert list(columns.get("groups")) == [(), ()]
    assert [record.full_name for record in columns.iterate_records()] == [None, "Bob"]
    both = RecordColumns.join([columns, RecordColumns(1, {"username": ["eve"], "email": ["e@x.example"]})])
    assert both.get("email") == [None, None, "e@x.example"]
    assert [*both.iterate_records()][2] == UserRecord(username="eve", email="e@x.example")


def test_no_password_is_shown() -> None:
    assert "hunter2" not in repr(RecordColumns(1, {"password": ["hunter2"]}, {"pin": ["hunter2"]}))
