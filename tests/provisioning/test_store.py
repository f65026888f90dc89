"""What every `JobStore` does; and that nothing but a store knows where a job is kept."""

from __future__ import annotations

import ast
import itertools
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import alloy_async
from alloy_async.provisioning import JobError
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.job_store import JobStore, Remark, Second
from alloy_async.provisioning.store.planned_batches import group_into_batches
from alloy_async.provisioning.store.postgres.store import PostgresStore
from alloy_async.provisioning.store.rows import NOT_THERE, JobRow, PlannedRow, RowResult
from alloy_async.provisioning.store.sqlite.store import SqliteStore
from alloy_async.provisioning.store.states import ROW_TRANSITIONS, ForbiddenTransition, RowState

STORES: dict[str, Any] = {"sqlite": SqliteStore, "postgres": PostgresStore}
NUMBERS = itertools.count()
HEADER = JobHeader(source="users.csv", system="Alloy", base_url="https://alloy.example", mode="create")


@attrs.frozen
class Kind:
    """A kind of store, and the place of one job in it."""

    kind: Any
    place: Any

    def create(self) -> JobStore:
        store: JobStore = self.kind.create(self.place, HEADER)
        return store

    def another(self) -> Kind:
        """The same with a place of its own, as hypothesis gives one test many examples."""
        number = next(NUMBERS)
        place = (
            f"{self.place}{number}" if isinstance(self.place, str) else self.place.with_name(f"{number}.job")
        )
        return attrs.evolve(self, place=place)

    def open(self) -> JobStore:
        store: JobStore = self.kind.take_up(self.place)
        return store


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    if request.param == "postgres":
        return Kind(PostgresStore, f"{request.getfixturevalue('database')}#{uuid.uuid4()}")
    return Kind(STORES[request.param], tmp_path / "users.job")


@pytest.fixture
def store(kind: Kind) -> Iterator[JobStore]:
    store = kind.create()
    yield store
    store.close()


def planned(*numbers: int, **facts: Any) -> list[PlannedRow]:
    rows = (PlannedRow(n, n + 1, f"user{n}", "create", digest=bytes([n % 250] * 9)) for n in numbers)
    return [row._replace(**facts) for row in rows]


def read(store: JobStore, *states: RowState) -> list[JobRow]:
    return list(store.read_rows("apply", states=states))


def as_planned(row: JobRow) -> PlannedRow:
    return PlannedRow(*(getattr(row, name) for name in PlannedRow._fields))


def test_the_header_is_kept(kind: Kind) -> None:
    store = kind.create()
    assert store.read_header() == HEADER
    store.update_header(state="running", stopped="why", started=3.5)
    store.close()
    store = kind.open()
    assert store.read_header() == attrs.evolve(HEADER, state="running", stopped="why", started=3.5)
    store.close()
    with kind.kind.open_for_reading(kind.place) as reader:
        assert reader.read_header().stopped == "why"
    with pytest.raises(JobError, match="exists already"):
        kind.create()


KEYS = st.text(st.sampled_from('ab\x1f\n,;"\0é😀 '), max_size=4)
OUTCOMES = st.sampled_from([None, None, None, "invalid", "unchanged"])
HASHES = st.binary(min_size=9, max_size=9)
ROWS = st.lists(
    st.builds(
        PlannedRow,
        number=st.integers(1, 3),
        line=st.one_of(st.none(), st.integers(1, 3)),
        key=KEYS,
        action=st.sampled_from(["create", "update", "none"]),
        step=st.sampled_from([None, None, "lock"]),
        why=st.sampled_from([None, None, "differs"]),
        digest=st.one_of(st.none(), HASHES),
        seen=st.one_of(st.none(), st.just(NOT_THERE), HASHES),
        before=st.sampled_from([None, None, "{}"]),
        outcome=OUTCOMES,
        reason=st.sampled_from([None, None, "bad"]),
        remote_id=st.sampled_from([None, None, "id7"]),
    ),
    max_size=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(rows=ROWS)
def test_rows_are_read_as_they_were_planned(kind: Kind, rows: list[PlannedRow]) -> None:
    number = line = 0
    ordered = []
    for row in rows:  # numbers rise, mostly one by one; so do lines
        number += max(row.number - 1, 1)
        line += row.line or 0
        ordered.append(row._replace(number=number, line=row.line and line))
    with closing(kind.another().create()) as store:
        store.insert_batches("apply", group_into_batches(ordered))
        found = read(store)
        assert [as_planned(row) for row in found] == ordered
        assert [row.state for row in found] == ["done" if row.outcome else "planned" for row in ordered]
        for row in ordered:
            assert [one.number for one in store.read_rows("apply", row.number)] == [
                one.number for one in ordered if one.number > row.number
            ]
        assert store.count_outcomes("apply") == Counter(row.outcome or "planned" for row in ordered)
        assert store.count_actions() == Counter(row.action for row in ordered)
        assert list(store.read_rows("undo")) == []


class Model:
    """What a store should say, row by row, with nothing clever in it."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.states: dict[int, RowState] = dict.fromkeys(numbers, "planned")
        self.outcomes: dict[int, str | None] = dict.fromkeys(numbers)
        self.attempts = dict.fromkeys(numbers, 0)

    def apply(self, result: RowResult) -> None:
        number = result.number
        self.states[number] = result.state
        self.outcomes[number] = result.outcome
        if result.event == "intend":
            self.attempts[number] += 1
        elif result.event in ("withdraw", "fail") and result.state_before == "intended":
            self.attempts[number] -= 1


def intents_of(rows: Sequence[JobRow]) -> list[RowResult]:
    return [row.create_intent() for row in rows]


def join(results: Sequence[RowResult]) -> list[RowResult]:
    """The same results, of neighbours to which the same happened as one."""
    joined: list[RowResult] = []
    for result in results:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.remote_id is None
            and result == last._replace(number=last.number + last.rows, rows=1)
        ):
            joined[-1] = last._replace(rows=last.rows + 1)
        else:
            joined.append(result)
    return joined


OUTCOME_OF = {"settle": "created", "fail": "failed", "abandon": "unknown", "refuse": "invalid"}
SETTLES: dict[str, Callable[[JobRow], RowResult]] = {
    "settle": lambda row: row.create_settling_result("created", "why", f"id{row.number}"),
    "fail": lambda row: row.create_failed_result("busy"),
    "abandon": lambda row: row.create_unknown_result("nobody knows"),
    "lose": lambda row: row.create_lost_result("lost"),
    "release": lambda row: row.create_resending_result(),
    "withdraw": lambda row: row.create_unsent_result(),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(data=st.data())
def test_what_happens_to_rows_is_told_row_by_row(kind: Kind, data: st.DataObject) -> None:
    numbers = range(1, 31)
    kind, model = kind.another(), Model(numbers)
    with closing(kind.create()) as store:
        store.insert_batches("apply", group_into_batches(planned(*numbers)))
        for _ in range(data.draw(st.integers(1, 12))):
            first = data.draw(st.integers(1, 30))
            chosen = range(first, data.draw(st.integers(first, 30)) + 1)
            event = data.draw(st.sampled_from(["intend", *SETTLES, "reopen"]))
            if event == "reopen":
                state: RowState = data.draw(st.sampled_from(["failed", "unknown"]))
                back: RowState = "planned" if state == "failed" else "doubt"
                store.reopen_rows("apply", state)
                for number in numbers:
                    if model.states[number] == state:
                        model.states[number], model.outcomes[number] = back, None
                continue
            rows = [
                row for row in read(store) if row.number in chosen and (row.state, event) in ROW_TRANSITIONS
            ]
            if event == "intend":
                results = intents_of(rows)
                store.record_intents("apply", join(results) if data.draw(st.booleans()) else results)
            else:
                results = [SETTLES[event](row) for row in rows]
                store.record_results("apply", join(results) if data.draw(st.booleans()) else results)
            for result in results:
                model.apply(result)
    with closing(kind.open()) as store:
        found = read(store)
        assert {row.number: row.state for row in found} == model.states
        assert {row.number: row.outcome for row in found} == model.outcomes
        assert {row.number: row.attempts for row in found} == model.attempts
        told = Counter(model.outcomes[number] or model.states[number] for number in numbers)
        assert store.count_outcomes("apply") == told
        for state in ("planned", "intended", "doubt", "failed", "unknown", "done"):
            assert [row.number for row in read(store, state)] == [
                n for n in numbers if model.states[n] == state
            ]
        assert {row.remote_id for row in found if row.outcome == "created"} <= {f"id{n}" for n in numbers}


def test_what_must_not_happen_is_not_written(store: JobStore) -> None:
    store.insert_batches("apply", group_into_batches(planned(1, 2, 3)))
    rows = read(store)
    store.record_intents("apply", intents_of(rows))
    store.record_results(
        "apply", [attrs.evolve(row, state="intended").create_settling_result("created") for row in rows]
    )
    with pytest.raises(ForbiddenTransition):
        store.record_intents("apply", intents_of(read(store)))
    assert store.count_outcomes("apply") == {"created": 3}


def test_a_transaction_is_all_or_nothing(store: JobStore) -> None:
    store.insert_batches("apply", group_into_batches(planned(1, 2)))

    def write_and_fail() -> None:
        with store.transaction(durable=True):
            store.record_intents("apply", intents_of(read(store)))
            store.update_header(state="running")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert store.count_outcomes("apply") == {"planned": 2}
    assert store.read_header().state == "planning"
    assert not store.was_anything_intended()


def test_rows_refused_later_are_counted_once(store: JobStore) -> None:
    rows = [
        *planned(1, 2),
        *planned(3, action="none", outcome="unchanged"),
        *planned(4, action="refuse", outcome="invalid"),
    ]
    store.insert_batches("apply", group_into_batches(rows))
    refused = [RowResult(row.number, row.state, "refuse", "invalid", "twice") for row in read(store)[1:]]
    store.record_results("apply", refused)
    assert store.count_outcomes("apply") == {"planned": 1, "invalid": 3}
    assert store.count_actions() == {"create": 1, "refuse": 3}
    assert [(row.action, row.reason) for row in read(store)] == [("create", None), *[("refuse", "twice")] * 3]
    store.clear_rows("apply")
    assert (read(store), store.count_outcomes("apply"), store.count_actions()) == ([], {}, {})


def test_only_what_may_have_left_counts_as_intended(store: JobStore) -> None:
    store.insert_batches("apply", group_into_batches(planned(1, 2)))
    assert not store.was_anything_intended()
    store.record_intents("apply", intents_of(read(store)))
    assert store.was_anything_intended()
    store.record_results(
        "apply",
        [row.create_unsent_result() for row in read(store)[:1]]
        + [row.create_failed_result("no") for row in read(store)[1:]],
    )
    assert not store.was_anything_intended()


def test_seconds_add_up_and_the_worst_stays(store: JobStore) -> None:
    store.add_seconds(
        [Second(10, 1, 2, 0.1, 0.2, 0.3, 1, 1, 0.5), Second(12, 1, 1, 1.0, 1.0, 1.0, 0, 0, 0.0)]
    )
    store.add_seconds([Second(10, 4, 1, 0.05, 0.4, 0.3, 0, 2, 0.25)])
    assert store.read_seconds() == [
        Second(10, 5, 3, 0.1, 0.4, 0.3, 1, 3, 0.75), Second(12, 1, 1, 1.0, 1.0, 1.0, 0, 0, 0.0),
    ]  # fmt: skip
    assert [second.second for second in store.read_seconds(since=11)] == [12]


def test_notes_and_remarks(store: JobStore) -> None:
    store.add_note("stopped", "interrupted")
    store.add_remarks([Remark(3, None, "error", "bad"), Remark(4, "Mail", "warning", "odd")])
    ((_, kind, text),) = store.read_notes()
    assert (kind, text) == ("stopped", "interrupted")
    assert store.read_remarks() == [Remark(3, None, "error", "bad"), Remark(4, "Mail", "warning", "odd")]


def test_a_batch_of_any_length_is_read_in_windows(store: JobStore) -> None:
    store.insert_batches("apply", group_into_batches(planned(*range(1, 10_001))))
    rows = read(store)
    store.record_intents("apply", intents_of(rows))
    results = [
        attrs.evolve(row, state="intended").create_settling_result("created", remote_id=f"id{row.number}")
        for row in rows
    ]
    store.record_results("apply", results)
    found = read(store)
    assert [(row.number, row.line, row.key, row.remote_id) for row in found] == [
        (n, n + 1, f"user{n}", f"id{n}") for n in range(1, 10_001)
    ]
    assert store.count_outcomes("apply") == {"created": 10_000}
    assert [row.number for row in store.read_rows("apply", 9_998)] == [9_999, 10_000]


def test_only_the_store_knows_sql() -> None:
    package = Path(alloy_async.__file__).parent
    home = package / "provisioning" / "store"
    for path in package.rglob("*.py"):
        if home in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert "sqlite3" not in names, path
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                start = node.value.strip().split(" ")[:1]
                sql = ("SELECT", "INSERT", "UPDATE", "DELETE FROM", "CREATE TABLE", "PRAGMA")
                assert not any(node.value.strip().startswith(f"{word} ") for word in sql), (path, start)
