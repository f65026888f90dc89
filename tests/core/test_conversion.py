"""The conversion hooks by kind of type: literals, unions, containers, and models that hold themselves."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import attrs
import pytest

from alloy_async import NULL, DecodeError, Model, from_wire
from alloy_async.core.codec.conversion import Mismatch, get_encoder
from alloy_async.core.codec.error_path import describe_mismatch_in_argument
from alloy_async.core.operation.markers import Json


@attrs.define(eq=False, repr=False)
class Cat(Model):
    meows: Annotated[bool | None, Json("meows")] = None
    kittens: list[Cat] | None = None


@attrs.define(eq=False, repr=False)
class Dog(Model):
    barks: int | None = None


@attrs.define(eq=False, repr=False)
class Cats(Model):
    _bare_list_as: ClassVar[str | None] = "data"
    data: list[Cat] | None = None
    total: int | None = None


class Size(enum.StrEnum):
    SMALL = "small"
    HUGE = "huge"


Known = Literal["small", "large"]


@pytest.mark.parametrize(
    ("of", "value", "wire"),
    [
        (Known, "small", "small"),
        (Known, Size.SMALL, "small"),
        (Known | str, "tiny", "tiny"),
        (Known | str, Size.HUGE, "huge"),
        (Literal[1, 2], 1, 1),
        (Sequence[str], ("a", Size.SMALL), ["a", "small"]),
        (list[Cat], [Cat(True)], [{"meows": True}]),
        (Mapping[str, Cat], {"tom": Cat()}, {"tom": {}}),
        (dict[str, Any], {"a": [Dog(2)]}, {"a": [{"barks": 2}]}),
        (Cat | Dog, Dog(1), {"barks": 1}),
        (Cat | None, NULL, None),
        (float, 2, 2),
        (Annotated[str, "note"], "a", "a"),
        (Cats, Cats([Cat()], 1), {"data": [{}], "total": 1}),
    ],
)
def test_writing(of: Any, value: Any, wire: Any) -> None:
    written = get_encoder(of)(value)
    assert written == wire
    assert type(written) is type(wire)


@pytest.mark.parametrize(
    ("of", "value", "said"),
    [
        (Known, "tiny", "x: expected one of 'small', 'large', got 'tiny'"),
        (Known, Size.HUGE, "x: expected one of 'small', 'large', got 'huge'"),
        (Known, 1, "x: expected one of 'small', 'large', got int"),
        (Literal[1, 2], True, None),
        (Sequence[str], "abc", "x: expected a list, got str"),
        (Sequence[str], {"a"}, "x: expected a list, got set"),
        (Mapping[str, int], [1], "x: expected a mapping, got an array"),
        (Mapping[str, int], {"a": "b"}, "x.a: expected a whole number, got str"),
        (Cat, Dog(), "x: expected a Cat, got Dog"),
        (str, None, "x: expected text, got null"),
        (int, 1.0, "x: expected a whole number, got float"),
        (bool, 1, "x: expected true or false, got int"),
        (float, "1", "x: expected a number, got str"),
        (float, True, "x: expected a number, got bool"),
    ],
)
def test_writing_what_cannot_be(of: Any, value: Any, said: str | None) -> None:
    if said is None:  # True is 1 to Python, and 1 to the service
        assert get_encoder(of)(value) in (1, 2)
        return
    with pytest.raises(Mismatch) as raised:
        get_encoder(of)(value)
    assert describe_mismatch_in_argument(of, value, "x", raised.value) == said


@pytest.mark.parametrize(
    ("of", "value", "result"),
    [
        (Known, "small", "small"),
        (Known, "of a newer server", "of a newer server"),
        (list, [1, "a"], [1, "a"]),
        (dict, {"a": None}, {"a": None}),
        (Sequence[int], [1], [1]),
        (Mapping[str, Dog], {"rex": {"barks": 1}}, {"rex": Dog(1)}),
        (Cat, {"kittens": [{"kittens": []}]}, Cat(kittens=[Cat(kittens=[])])),
        (Cats, [{"meows": True}], Cats([Cat(True)])),
        (Cats, {"data": [], "total": 0}, Cats([], 0)),
        (Dog | list[Dog], [{"barks": 1}], [Dog(1)]),
        (list[Dog] | Dog, {"barks": 1}, Dog(1)),
        (Dog | str, "rex", "rex"),
        (datetime | str | None, None, None),
        (float, 1, 1),
        (int, 5.0, 5),
        (Dog, {"barks": 5.0}, Dog(5)),
        (list[int], [1, -2.0, 2.0**53 - 1], [1, -2, 2**53 - 1]),
    ],
)
def test_reading(of: Any, value: Any, result: Any) -> None:
    assert from_wire(of, value) == result


def test_a_member_of_a_union_that_does_not_fit_takes_nothing_from_the_next() -> None:
    wire = {"meows": True, "kittens": "none", "barks": 1}
    assert from_wire(Cat | Dog, wire) == Dog(1, extra={"meows": True, "kittens": "none"})


@pytest.mark.parametrize(
    ("of", "value", "said"),
    [
        (Known, 1, r"\$: expected one of 'small', 'large', got int"),
        (list, {}, r"\$: expected an array, got an object"),
        (dict, [], r"\$: expected an object, got an array"),
        (Cats, [{"meows": 1}], r"\$"),
        (Cats, "none", r"\$: expected an object, got str"),
        (Mapping[str, Dog], {"rex": {"barks": "1"}}, r"\$\.rex\.barks: expected a whole number, got str"),
        (Dog | None, {"barks": "1"}, r"\$\.barks: expected a whole number"),
        (float, "1", r"\$: expected a number"),
        (float, True, r"\$: expected a number"),
        (int, 5.5, r"\$: expected a whole number, got float"),
        (int, True, r"\$: expected a whole number, got bool"),
        (Mapping[str, Dog], {"a\x1b[31m\n": {"barks": "1"}}, r"\$\['a\\x1b\[31m\\n'\]\.barks: expected"),
    ],
)
def test_reading_what_cannot_be(of: Any, value: Any, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        from_wire(of, value)


class Scalar:
    """What numpy's scalars are to a reader: no number of Python's, with one inside."""

    shape = ()

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


Scalar.__module__ = "numpy"


@pytest.mark.parametrize(
    ("of", "inside", "written"),
    [(float, 1.5, 1.5), (float, 3, 3), (int, 3, 3), (str, "ada", "ada"), (bool, True, True)],
)
def test_a_scalar_of_numpy_is_written_as_the_value_in_it(of: type, inside: object, written: object) -> None:
    result = get_encoder(of)(Scalar(inside))
    assert (type(result), result) == (type(written), written)


@pytest.mark.parametrize(("of", "inside"), [(int, 1.5), (int, True), (float, "1"), (str, 1), (bool, 1)])
def test_a_scalar_of_numpy_of_the_wrong_kind_is_refused(of: type, inside: object) -> None:
    with pytest.raises(Mismatch, match="got Scalar"):
        get_encoder(of)(Scalar(inside))


def test_numbers_of_numpy_itself() -> None:
    np = pytest.importorskip("numpy")
    encoded = [
        get_encoder(float)(np.float64(1.5)),
        get_encoder(int)(np.int64(3)),
        get_encoder(bool)(np.bool_(True)),
    ]
    assert [(type(value), value) for value in encoded] == [(float, 1.5), (int, 3), (bool, True)]
    with pytest.raises(Mismatch, match="got ndarray"):
        get_encoder(float)(np.array([1.5]))


@attrs.define(eq=False, repr=False)
class Flea(Model):
    """Small and plain: its code is written out where it is an item."""

    name: str | None = None
    legs: int | None = None
    seen: Annotated[bool | None, Json("wasSeen")] = None


@attrs.define(eq=False, repr=False)
class Host(Model):
    fleas: list[Flea] | None = None
    found: datetime | None = None


@pytest.mark.parametrize(
    ("wire", "flea"),
    [
        ({"name": "a", "legs": 6, "wasSeen": True}, Flea("a", 6, True)),
        ({"wasSeen": None, "legs": None, "name": None}, Flea()),
        ({"name": "a", "legs": 6.0, "wasSeen": False}, Flea("a", 6, False)),
        ({"name": "a"}, Flea("a")),
        ({}, Flea()),
        ({"name": "a", "legs": 6, "new": 1}, Flea("a", 6, extra={"new": 1})),
        ({"name": "a", "legs": 6, "wasSeen": True, "new": 1}, Flea("a", 6, True, extra={"new": 1})),
    ],
)
def test_items_are_read_as_by_themselves(wire: Any, flea: Flea) -> None:
    assert from_wire(Flea, wire) == flea
    host = from_wire(Host, {"fleas": [wire, wire], "found": None})
    assert host.fleas == [flea, flea]
    assert from_wire(Host, {"fleas": [wire]}).fleas == [flea]
    assert [type(item) for item in host.fleas or ()] == [Flea, Flea]


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        ([5], r"\$\.fleas\[0\]: expected an object, got int"),
        (
            [{"name": "a"}, {"name": 1, "legs": 6, "wasSeen": True}],
            r"\$\.fleas\[1\]\.name: expected text, got int",
        ),
        (
            [{"name": "a", "legs": 6.5, "wasSeen": True}],
            r"\$\.fleas\[0\]\.legs: expected a whole number, got float",
        ),
        ([[]], r"\$\.fleas\[0\]: expected an object, got an array"),
        ({}, r"\$\.fleas: expected an array, got an object"),
    ],
)
def test_items_that_cannot_be_are_named_as_by_themselves(wire: Any, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        from_wire(Host, {"fleas": wire, "found": None})


@pytest.mark.parametrize(
    "moment", ["2026-05-01T10:00:00Z", "2026-05-01T10:00:00", "2026-05-01 12:00+02:00", None]
)
def test_moments_are_read_as_by_themselves(moment: str | None) -> None:
    assert from_wire(Host, {"fleas": None, "found": moment}).found == from_wire(datetime | None, moment)


@pytest.mark.parametrize("moment", ["2026-05-01", "x", "", 5, True, [], {}])
def test_what_is_not_a_moment_is_an_error(moment: Any) -> None:
    with pytest.raises(DecodeError, match=r"\$\.found: expected a date and time"):
        from_wire(Host, {"found": moment})
