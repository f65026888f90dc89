"""Operations as classes, and `endpoint`: one signature for both clients, seen by help() and inspect."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pydoc
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import attrs
import pytest

from alloy_async import Alloy, AsyncAlloy, Listing, Model, Operation, endpoint
from alloy_async.alloy import operations
from alloy_async.core.messages.request import compile_operation
from alloy_async.core.operation.markers import ExtraQuery, Json, Marker, Path, Query
from alloy_async.core.operation.operation import find_result_type

from ..systems import COUNTS, SYSTEMS


def operation_classes() -> Iterator[type[Operation[Any]]]:
    for system in SYSTEMS:
        module = importlib.import_module(f"alloy_async.{system}.client")
        methods = {
            member
            for value in vars(module).values()
            if isinstance(value, type) and value.__module__ == module.__name__
            for member in vars(value).values()
            if isinstance(member, endpoint)
        }
        yield from sorted((member.operation for member in methods), key=lambda cls: cls.__name__)


CLASSES = list(dict.fromkeys(operation_classes()))


def test_the_classes_are_found() -> None:
    assert Counter(cls.__module__.split(".")[1] for cls in CLASSES) == COUNTS


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__.split('.')[1]}-{cls.__name__}")
def test_each_operation_class_is_whole(cls: type[Operation[Any]]) -> None:
    hints = get_type_hints(cls, include_extras=True)
    fields = attrs.fields(cls)  # type: ignore[arg-type]
    for field in fields:
        assert get_origin(hints[field.name]) is Annotated, f"{field.name} has no marker"
        assert any(isinstance(note, Marker) for note in get_args(hints[field.name])[1:])
    blank = cls(**dict.fromkeys((field.name for field in fields), None))
    assert compile_operation(blank).verb in ("GET", "POST", "PUT", "PATCH", "DELETE")
    assert cls.name == cls.name.lower()
    answer = find_result_type(cls)
    if isinstance(answer, type) and issubclass(answer, Model):
        assert answer.__module__.split(".")[:2] == cls.__module__.split(".")[:2], (
            "the model of another system"
        )
    doc = inspect.getdoc(cls) or ""
    assert f"{cls.verb} {cls.route}" in doc
    assert not fields or "Args:" in doc
    missing = [field.name for field in fields if f"{field.name}:" not in doc]
    assert not missing, f"not explained: {missing}"
    if issubclass(cls, Listing):
        assert cls.paging
    for status, model in cls.errors.items():
        assert status == "default" or 400 <= status < 600
        assert issubclass(model, Model)


@attrs.frozen(eq=False, repr=False)
class Look(Operation[list[int]]):
    """Look at things.

    GET /things/{kind}
    """

    verb = "GET"
    route = "/things/{kind}"
    kind: Annotated[str, Path("kind")]
    key: Annotated[str | None, Query("key", secret=True)] = None
    more: Annotated[dict[str, str] | None, ExtraQuery(secret=True)] = None


class Methods:
    look = endpoint(Look)


class AsyncThings(Methods, AsyncAlloy):
    pass


class Things(Methods, Alloy):
    pass


@pytest.mark.parametrize(
    ("cls", "name"),
    [(Look, "look"), (operations.GetAUser, "get_a_user"), (operations.CreateAUser, "create_a_user")],
)
def test_the_name_comes_from_the_class(cls: type[Operation[Any]], name: str) -> None:
    assert cls.name == name


@pytest.mark.parametrize(
    ("verb", "idempotent"),
    [("GET", True), ("HEAD", True), ("PUT", True), ("DELETE", True), ("POST", False), ("PATCH", False)],
)
def test_what_is_idempotent(verb: str, idempotent: bool) -> None:
    by_default = type("Some", (Operation,), {"verb": verb, "route": "/"})
    by_word = type("Other", (Operation,), {"verb": verb, "route": "/", "idempotent": not idempotent})
    assert by_default.idempotent is idempotent  # type: ignore[attr-defined]
    assert by_word.idempotent is not idempotent  # type: ignore[attr-defined]
    assert type("Heir", (by_default,), {}).idempotent is idempotent  # type: ignore[attr-defined]


def test_the_answer_s_type_is_known() -> None:
    assert find_result_type(Look) == list[int]
    assert find_result_type(operations.ListAllUsers).__name__ == "Users"


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_quoted_answer_is_the_one_of_its_module(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    module.Operation = Operation
    exec('class Answer: ...\nclass Ask(Operation["Answer"]): ...', vars(module))
    assert find_result_type(module.Ask) is module.Answer


@pytest.fixture(params=[AsyncThings, Things])
def method(request: pytest.FixtureRequest) -> Any:
    return request.param("key", base_url="http://localhost").look


def test_a_method_shows_signature_and_docstring(method: Any) -> None:
    assert str(inspect.signature(method)) == (
        "(kind: str, key: str | None = None, more: dict[str, str] | None = None) -> list[int]"
    )
    assert method.__name__ == "look"
    assert method.__doc__ == Look.__doc__
    assert "Look at things." in pydoc.render_doc(method)


def test_the_async_method_is_a_coroutine_function_and_the_sync_one_is_not() -> None:
    assert inspect.iscoroutinefunction(AsyncThings("key", base_url="http://localhost").look)
    assert not inspect.iscoroutinefunction(Things("key", base_url="http://localhost").look)


def test_the_class_gives_the_operation() -> None:
    assert AsyncThings.look.operation is Look
    assert Things.look.operation is Look
    assert AsyncAlloy.get_a_user.operation is operations.GetAUser
    assert "look" in dir(Things)


@pytest.mark.parametrize(
    "arguments", [((), {}), (("a", "b", "c", "d"), {}), (("a",), {"kind": "b"}), (("a",), {"unknown": 1})]
)
async def test_wrong_arguments_are_a_type_error(arguments: Any) -> None:
    args, kwargs = arguments
    with pytest.raises(TypeError, match=r"kind|unknown|positional"):
        Things("key", base_url="http://localhost").look(*args, **kwargs)
    with pytest.raises(TypeError, match=r"kind|unknown|positional"):
        await AsyncThings("key", base_url="http://localhost").look(*args, **kwargs)


def test_an_operation_is_a_value_that_does_not_change_and_keeps_its_secrets() -> None:
    operation = Look("a", "canary-1", {"x": "canary-2"})
    assert repr(operation) == "Look(kind='a', key=***, more=***)"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        operation.kind = "b"  # type: ignore[misc]
    twin = pickle.loads(pickle.dumps(operation))
    assert (twin.kind, twin.key, twin.more) == ("a", "canary-1", {"x": "canary-2"})
    assert attrs.evolve(operation, kind="b").key == "canary-1"


def test_a_field_without_a_marker_is_a_mistake_that_shows() -> None:
    @attrs.frozen(eq=False, repr=False)
    class Unmarked(Operation[None]):
        verb = "POST"
        route = "/things"
        title: str
        tags: Annotated[str | None, Json("tags")] = None

    request = compile_operation(Unmarked("a")).build_request(Unmarked("a"))
    assert request.body == b'{"title":"a"}'
