"""Promise 5: reading is tolerant, writing is exact. to_wire, from_wire and JSON text."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import Annotated, Any

import attrs
import orjson
import pytest
from hypothesis import given, strategies as st

from alloy_async import NULL, DecodeError, InvalidRequest, Model, from_wire, to_wire
from alloy_async.core.codec.conversion import Mismatch
from alloy_async.core.codec.typed_json import GC_PAUSE_BYTES, loads, pause_garbage_collector
from alloy_async.core.operation.markers import Json


@attrs.define(eq=False, repr=False)
class Leaf(Model):
    text: str | None = None
    number: int | None = None
    ratio: float | None = None
    flag: Annotated[bool | None, Json("isFlag")] = None
    at: Annotated[datetime | None, Json("at")] = None
    secret: Annotated[str | None, Json("secret", secret=True)] = None


@attrs.define(eq=False, repr=False)
class Tree(Model):
    name: str | None = None
    leaves: list[Leaf] | None = None
    by_name: Annotated[Mapping[str, Leaf] | None, Json("byName")] = None
    left: Tree | None = None
    data: Any = None


class Colour(Enum):
    RED = "red"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
LEAVES = st.builds(
    Leaf,
    text=st.none() | st.text(),
    number=st.none() | st.integers(),
    ratio=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    flag=st.none() | st.booleans(),
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
    secret=st.none() | st.text(),
    extra=st.dictionaries(st.text().filter(lambda name: not name.isidentifier()), JSON, max_size=2),
)
TREES = st.recursive(
    st.builds(Tree, name=st.none() | st.text()),
    lambda inner: st.builds(
        Tree,
        leaves=st.none() | st.lists(LEAVES, max_size=2),
        by_name=st.none() | st.dictionaries(st.text(), LEAVES, max_size=2),
        left=st.none() | inner,
    ),
    max_leaves=3,
)


@given(TREES)
def test_what_is_written_reads_back_the_same(tree: Tree) -> None:
    assert from_wire(Tree, to_wire(tree)) == tree


@given(JSON)
def test_any_json_value_passes_unchanged(value: Any) -> None:
    assert to_wire(value) == value
    assert from_wire(Any, value) == value
    assert from_wire(Tree, {"unheard_of": value}).extra == {"unheard_of": value}


@given(st.dictionaries(st.sampled_from(["name", "leaves", "byName", "left", "data", "other"]), JSON) | JSON)
def test_reading_gives_the_model_or_a_decode_error_and_leaves_the_value_alone(value: Any) -> None:
    before = copy.deepcopy(value)
    try:
        tree = from_wire(Tree, value)
    except DecodeError as error:
        problem = str(error)
    else:
        problem = "$"
        dropped = {name for name in ("name", "leaves", "byName", "left", "data") if value.get(name) is None}
        assert to_wire(tree).keys() == value.keys() - dropped
    assert problem.startswith("$")
    assert value == before


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (None, None),
        (NULL, None),
        (Leaf(), {}),
        (Leaf("a", NULL), {"text": "a", "number": None}),
        (Leaf(flag=False, number=0, text=""), {"text": "", "number": 0, "isFlag": False}),
        (Leaf(ratio=1), {"ratio": 1}),
        (Leaf("a", extra={"text": "b", "c": 1}), {"text": "a", "c": 1}),
        ((1, 2), [1, 2]),
        ({"a": (Leaf("x"),)}, {"a": [{"text": "x"}]}),
        (Colour.RED, "red"),
        (date(2026, 5, 1), "2026-05-01"),
        (datetime(2026, 5, 1, 12, tzinfo=UTC), "2026-05-01T12:00:00Z"),
        (
            datetime(2026, 5, 1, 12, 0, 0, 5000, timezone(timedelta(hours=2))),
            "2026-05-01T12:00:00.005000+02:00",
        ),
    ],
)
def test_how_values_are_written(value: Any, wire: Any) -> None:
    assert to_wire(value) == wire
    assert type(to_wire(value)) is type(wire)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1, 2}, "value: expected a value that JSON has a form for, got set"),
        ([1, object()], r"value\[1\]: expected a value"),
        ({"a": {"b": b"x"}}, r"value\.a\.b: expected a value .* got bytes"),
        ({1: "a"}, "value: expected text as the name of a member, got int"),
        (float("inf"), "value: expected a finite number"),
        (datetime(2026, 5, 1), "value: expected a datetime with a time zone, got a naive one"),
        (Leaf(text=1), r"value\.text: expected text, got int"),  # type: ignore[arg-type]
        (Leaf(number=True), r"value\.number: expected a whole number, got bool"),
        (Tree(leaves=[Leaf(), Leaf(at="now")]), r"value\.leaves\[1\]\.at: expected a datetime, got str"),  # type: ignore[arg-type]
        (Tree(by_name={"x": Leaf(flag=1)}), r"value\.by_name\.x\.flag: expected true or false, got int"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_written_says_where(value: Any, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        to_wire(value)


@pytest.mark.parametrize(
    ("of", "value", "result"),
    [
        (Leaf, {"number": None}, Leaf()),
        (Leaf, {"number": 2.0**53 - 1}, Leaf(number=2**53 - 1)),
        (Leaf, {"number": -5.0}, Leaf(number=-5)),
        (Leaf, {"ratio": 3}, Leaf(ratio=3)),
        (Leaf, {"flag": True}, Leaf(extra={"flag": True})),
        (Leaf, {"new": None}, Leaf(extra={"new": None})),
        (Leaf, {"at": "2026-05-01T12:00:00"}, Leaf(at=datetime(2026, 5, 1, 12, tzinfo=UTC))),
        (Leaf, {"at": "2026-05-01t12:00:00+00:00"}, Leaf(at=datetime(2026, 5, 1, 12, tzinfo=UTC))),
        (Leaf, {"at": "2026-05-01 14:00:00+02:00"}, Leaf(at=datetime(2026, 5, 1, 12, tzinfo=UTC))),
        (datetime | str, "yesterday", "yesterday"),
        (datetime | str, "2026-05-01", "2026-05-01"),
        (datetime | str, "2026-05-01T00:00:00Z", datetime(2026, 5, 1, tzinfo=UTC)),
        (date, "2026-05-01", date(2026, 5, 1)),
        (list[int] | None, None, None),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (Leaf | list[Leaf], [{"text": "a"}], [Leaf("a")]),
        (None, None, None),
    ],
)
def test_how_values_are_read(of: Any, value: Any, result: Any) -> None:
    assert from_wire(of, value) == result


@pytest.mark.parametrize(
    ("of", "value", "said"),
    [
        (Tree, [], r"\$: expected an object, got an array"),
        (Tree, None, r"\$: expected an object, got null"),
        (Tree, {"name": 1}, r"\$\.name: expected text, got int"),
        (Tree, {"leaves": {}}, r"\$\.leaves: expected an array, got an object"),
        (
            Tree,
            {"leaves": [{}, {"isFlag": "no"}]},
            r"\$\.leaves\[1\]\.isFlag: expected true or false, got str",
        ),
        (
            Tree,
            {"byName": {"x": {"number": 1.5}}},
            r"\$\.byName\.x\.number: expected a whole number, got float",
        ),
        (Tree, {"left": {"left": {"left": 5}}}, r"\$\.left\.left\.left: expected an object, got int"),
        (Tree, {"leaves": [{"number": True}]}, r"\$\.leaves\[0\]\.number: expected a whole number, got bool"),
        (
            Tree,
            {"leaves": [{"number": 2.0**53}]},
            r"\.number: expected a whole number, got one that is too large",
        ),
        (Tree, {"leaves": [{"at": "noon"}]}, r"\$\.leaves\[0\]\.at: expected a date and time"),
        (Tree, {"leaves": [{"at": "2026-13-01T00:00:00Z"}]}, "other text"),
        (list[int], [1, "2"], r"\$\[1\]: expected a whole number, got str"),
        (int, "1", r"\$: expected a whole number, got str"),
        (date, "2026-05-01T00:00:00Z", r"\$: expected a date"),
        (None, 1, r"\$: expected null, got int"),
    ],
)
def test_a_wrong_type_is_a_decode_error_with_its_path(of: Any, value: Any, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        from_wire(of, value)


def test_the_message_never_holds_the_value() -> None:
    with pytest.raises(DecodeError) as raised:
        from_wire(Tree, {"leaves": [{"number": "canary-7"}]})
    assert "canary-7" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON: .* at byte 1 of 1"),
        (b'{"name": "a"} x', "not JSON"),
        (b"\xff", "not JSON"),
        (b"<html>", "not JSON"),
        (b"[NaN]", "not JSON"),
        (b"[]", r"\$: expected an object"),
        (b'{"leaves": [{"number": 12345678901234567890123}]}', "too large to be exact"),
    ],
)
def test_json_text_that_is_none(raw: bytes, said: str) -> None:
    with pytest.raises(Mismatch, match=said):
        loads(Tree, raw)


def test_garbage_collection_is_paused_for_large_answers_only_and_resumed() -> None:
    assert gc.isenabled()
    large = json.dumps({"leaves": [{"text": "x" * 50}] * (GC_PAUSE_BYTES // 50)}).encode()
    assert len(loads(Tree, large).leaves) == GC_PAUSE_BYTES // 50
    with pytest.raises(Mismatch):
        loads(Leaf, large[:-1])
    assert gc.isenabled()
    with pause_garbage_collector():
        with pause_garbage_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_repr_of_a_model_tells_no_secret_and_skips_what_is_not_there() -> None:
    leaf = Leaf("a", 1, secret="canary-1", extra={"new": "canary-2"})
    assert repr(leaf) == "Leaf(text='a', number=1, secret=***, extra={'new': ***})"
    assert repr(Tree(leaves=[leaf])) == f"Tree(leaves=[{leaf!r}])"


def test_models_compare_by_value_and_class_and_have_no_hash() -> None:
    assert Leaf("a") == Leaf("a")
    assert Leaf("a") != Leaf("b")
    assert Leaf("a") != Leaf("a", extra={"x": 1})
    assert Leaf() != Tree()
    assert Leaf() != {}
    with pytest.raises(TypeError, match="unhashable"):
        hash(Leaf())


def test_models_and_null_survive_pickle_and_copy() -> None:
    tree = Tree("a", [Leaf("b", NULL, at=datetime(2026, 5, 1, tzinfo=UTC))], extra={"x": [1]})
    for twin in (pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree)):
        assert twin == tree
        assert twin.leaves[0].number is NULL
    assert repr(NULL) == "NULL"
    assert not NULL


def test_a_model_as_a_dict_and_back() -> None:
    ada = Leaf("ada", 3, flag=True, extra={"new": 1})
    assert ada.to_dict() == dict(ada) == {"text": "ada", "number": 3, "isFlag": True, "new": 1}
    assert Leaf.from_dict(ada.to_dict()) == ada
    with pytest.raises(DecodeError, match="expected an object"):
        Leaf.from_dict(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [1, 50, 300, 500, 900])
def test_a_model_of_any_depth_is_pickled_and_copied(depth: int) -> None:
    deep: Any = orjson.loads(b'{"a":[' * (depth // 2) + b"1" + b"]}" * (depth // 2))
    tree = Tree("x", leaves=[Leaf("y")], data=deep, extra={"more": deep, "flat": [1, {}, []]})
    for twin in (pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree), copy.copy(tree)):
        assert twin == tree
        assert type(twin) is Tree
    assert copy.deepcopy(tree).leaves is not tree.leaves


def test_data_that_holds_itself_is_refused_and_not_followed_for_ever() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(InvalidRequest, match="holds itself"):
        to_wire(ring)


def test_an_answer_that_is_nested_more_deeply_than_its_type_can_be_read_is_an_error() -> None:
    raw = b'{"left":' * 1000 + b"null" + b"}" * 1000
    with pytest.raises(Mismatch, match="nested too deeply"):
        loads(Tree, raw)
    with pytest.raises(DecodeError, match="nested too deeply"):
        from_wire(Tree, orjson.loads(raw))


def test_looking_for_what_does_not_fit_is_bounded() -> None:
    rows = [{"text": "x"}] * 200_000
    with pytest.raises(
        Mismatch, match=r"\$: expected text, got int \(somewhere after its first 10000 parts\)"
    ):
        loads(list[Leaf], orjson.dumps([*rows, {"text": 5}]))
    with pytest.raises(Mismatch, match=r"\$\[9000\]\.text: expected text, got int"):
        loads(list[Leaf], orjson.dumps([*rows[:9000], {"text": 5}, *rows]))


@pytest.mark.parametrize("size", [1, 2 * GC_PAUSE_BYTES])
def test_an_answer_that_does_not_fit_is_parsed_once(size: int) -> None:
    raw = orjson.dumps({"name": "x" * size, "leaves": [{"text": 5}]})
    parsed = 0

    def watch(_: object, event: str, called: object) -> None:
        nonlocal parsed
        parsed += event == "c_call" and called is orjson.loads

    sys.setprofile(watch)
    try:
        with pytest.raises(Mismatch, match=r"\$\.leaves\[0\]\.text: expected text, got int"):
            loads(Tree, raw)
    finally:
        sys.setprofile(None)
    assert parsed == 1


@attrs.define(eq=False, repr=False)
class Unfinished(Model):
    of: "Nowhere | None" = None  # type: ignore[name-defined]  # noqa: F821, UP037


def test_a_model_that_names_what_is_not_there_says_so() -> None:
    with pytest.raises(InvalidRequest, match=r"read as Unfinished: .*'Nowhere' is not defined"):
        from_wire(Unfinished, {})
