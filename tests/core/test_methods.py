"""Methods as everything that looks at a class sees them: help, inspect, autospec, copies, pickles; equal operations."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any
from unittest import mock

import pytest

import alloy_async
from alloy_async import Alloy, AsyncAlloy, AsyncClient, Client, endpoint
from alloy_async.alloy import models, operations
from alloy_async.alloy.client import AlloyMethods
from alloy_async.core.operation.method_signature import list_documented_errors
from alloy_async.sandbox import Sandbox

from ..systems import SYSTEMS

CLIENTS = [
    getattr(alloy_async, prefix + system.capitalize()) for system in SYSTEMS for prefix in ("Async", "")
]
METHODS = [
    (client, name)
    for client in CLIENTS
    for name in dir(client)
    if hasattr(getattr(client, name), "operation")
]
each_method = pytest.mark.parametrize(
    ("client", "name"), METHODS, ids=lambda value: getattr(value, "__name__", value)
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on a loop of its own, so that sync clients can wait for it."""
    with Sandbox("alloy") as sandbox:
        yield sandbox


both = pytest.mark.parametrize("client", [AsyncAlloy, Alloy])


def test_all_methods_are_looked_at() -> None:
    assert len({getattr(client, name).operation for client, name in METHODS}) == 112


@each_method
def test_a_method_is_a_function_of_its_class(client: Any, name: str) -> None:
    function = vars(client)[name]
    assert isinstance(function, FunctionType)
    assert function is getattr(client, name)
    assert function.__name__ == function.operation.name
    assert inspect.iscoroutinefunction(function) is client.is_async
    parameters = inspect.signature(function).parameters
    assert list(parameters) == ["self", *inspect.signature(function.operation).parameters]
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


@each_method
def test_a_docstring_tells_method_path_and_errors(client: Any, name: str) -> None:
    function = getattr(client, name)
    operation, doc = function.operation, inspect.getdoc(function) or ""
    assert operation.__doc__ == function.__doc__
    assert f"\n\n{operation.verb} {operation.route}" in doc
    _, raises, errors = doc.partition("\nRaises:\n")
    assert raises
    assert doc.count("Raises:") == 1
    told = {
        name
        for line in errors.splitlines()
        if (m := re.match(r"    (\w[\w, ]*):", line))
        for name in m[1].split(", ")
    }
    assert "AlloyAsyncError" in told
    for status in operation.errors:
        if status != "default":
            assert alloy_async.core.errors.STATUS_ERRORS[status].__name__ in told  # type: ignore[attr-defined]
    for error in told:
        assert issubclass(getattr(alloy_async, error.split()[0]), alloy_async.AlloyAsyncError)
    assert operation.idempotent or "unknown" in errors
    assert set(list_documented_errors(operation)) >= {"InvalidRequest", "AlloyAsyncError"}


@both
def test_the_signature_on_the_class_and_on_the_instance(client: Any) -> None:
    on_class, on_instance = (
        inspect.signature(client.create_a_user),
        inspect.signature(client("key").create_a_user),
    )
    arguments = "username: str, full_name: str | None = None) -> alloy_async.alloy.models.users.CreatedUser"
    assert str(on_class) == f"(self, /, {arguments}"
    assert str(on_instance) == f"({arguments}"
    assert on_instance.bind("ada").arguments == {"username": "ada"}
    assert pickle.loads(pickle.dumps(on_class)) == on_class
    assert on_class.replace(return_annotation=int).return_annotation is int


@both
def test_help_shows_signature_and_docstring(client: Any) -> None:
    page = pydoc.render_doc(client, renderer=pydoc.plaintext)
    assert "create_a_user(self, /, username: str, full_name: str | None = None)" in page
    assert "POST /users/\n" in page
    assert "create_a_user(username: str" in pydoc.render_doc(
        client("key").create_a_user, renderer=pydoc.plaintext
    )


async def test_autospec_is_content() -> None:
    fake = mock.create_autospec(AsyncAlloy, instance=True)
    fake.get_a_user.return_value = models.User("1", "ada")
    assert (await fake.get_a_user("ada")).username == "ada"
    fake.get_a_user.assert_awaited_once_with("ada")
    for wrong in ((), ("a", "b")):
        with pytest.raises(TypeError):
            await fake.get_a_user(*wrong)
    sync = mock.create_autospec(Alloy, instance=True)
    sync.create_a_user.return_value = 1
    assert sync.create_a_user("ada", full_name="Ada") == 1
    with pytest.raises(TypeError, match="fullname"):
        sync.create_a_user("ada", fullname="Ada")
    with pytest.raises(AttributeError):
        fake.get_the_user("ada")


def test_what_a_class_defines_itself_wins() -> None:
    class Mine(AlloyMethods, AsyncClient):
        system = Alloy.system

        async def get_a_user(self, user_id: str) -> str:  # type: ignore[override]
            return f"my {user_id}"

    class Further(Mine):
        list_everybody = endpoint(operations.ListAllUsers)

    assert inspect.getdoc(Further.get_a_user) is None
    assert inspect.iscoroutinefunction(Mine.get_a_user)
    assert Further.list_everybody.operation is operations.ListAllUsers
    assert Further.delete_a_user is Mine.delete_a_user is vars(Mine)["delete_a_user"]
    assert {name for name in vars(Further) if name[0] != "_"} == {"list_everybody"}


async def test_a_subclass_extends_a_method_that_nobody_used_before() -> None:
    class Base(AlloyMethods, AsyncClient):
        system = Alloy.system

        async def send(self, operation: Any) -> Any:
            return operation

    class Mine(Base):
        async def get_a_user(self, user_id: str) -> Any:  # type: ignore[override]
            return await super().get_a_user(user_id.lower())

        async def list_apps(self) -> Any:  # type: ignore[override]
            return "mine"

    assert await Mine("key").get_a_user("ADA") == operations.GetAUser("ada")
    assert await Base("key").list_apps() == operations.ListApps()
    assert await Mine("key").list_apps() == "mine"


@pytest.mark.parametrize("client", [AsyncClient, Client])
async def test_an_autospec_that_comes_before_the_first_use_ends_with_its_block(client: Any) -> None:
    class Fresh(AlloyMethods, client):  # type: ignore[misc]
        system = Alloy.system

    async def call() -> None:
        outcome = Fresh("key").get_a_user()
        if inspect.isawaitable(outcome):  # in Python 3.13 only who awaits it is told
            await outcome

    with mock.patch.object(Fresh, "get_a_user", autospec=True), pytest.raises(TypeError):
        await call()
    assert Fresh.get_a_user.operation is operations.GetAUser


def test_two_names_for_one_endpoint() -> None:
    class Table:
        first = second = endpoint(operations.GetAUser)

    class Both(Table, Client):
        system = Alloy.system

        def second(self, user_id: str) -> str:  # type: ignore[override]
            return "own"

    assert Both.first.operation is operations.GetAUser
    assert Both("key").second("ada") == "own"


def test_an_endpoint_that_comes_later_works_too(sandbox: Sandbox) -> None:
    class Late(Client):
        system = Alloy.system

    Late.users = endpoint(operations.ListAllUsers)  # type: ignore[attr-defined]
    with Late("key", base_url=sandbox.url) as late:
        assert late.users().data  # type: ignore[attr-defined]


@both
def test_a_client_is_copied_with_what_a_subclass_added(client: Any, sandbox: Sandbox) -> None:
    class Tagged(client):  # type: ignore[misc]
        tag = ""

    tagged = Tagged("key", base_url=sandbox.url)
    tagged.tag = "blue"
    for other in (
        copy.copy(tagged),
        copy.deepcopy({"client": tagged})["client"],
        tagged.with_options(deadline=5),
    ):
        assert (type(other), other.tag, other.base_url) == (Tagged, "blue", sandbox.url)
        assert other is not tagged


def test_a_copy_leaves_the_connections_open(sandbox: Sandbox) -> None:
    with Alloy("key", base_url=sandbox.url) as alloy:
        with copy.deepcopy(alloy) as other:
            other.list_all_users()
        alloy.list_all_users()


@both
def test_a_client_cannot_be_pickled_and_says_what_to_do(client: Any) -> None:
    alloy = client("canary-key")
    for pickled in (alloy, [alloy.get_a_user], copy.copy(alloy)):
        with pytest.raises(
            TypeError, match=r"lloy cannot be pickled.* make one where it is used, as .*ALLOY_API_KEY"
        ) as raised:
            pickle.dumps(pickled)
        assert "canary" not in str(raised.value)


def test_equal_operations_are_equal() -> None:
    get, create = operations.GetAUser, operations.BatchCreateUsers
    assert get("ada") == get(user_id="ada")
    assert get("ada") != get("eve")
    assert get("ada") != operations.DeleteAUser("ada")
    assert get("ada") != "ada"
    assert {get("ada"), get("ada"), get("eve")} == {get("ada"), get("eve")}
    users = [models.NewUser("ada", "Ada")]
    assert create(users) == create([models.NewUser("ada", "Ada")])
    assert create(users) != create([models.NewUser("ada", "Eve")])
    assert len({create(users), create(users)}) == 1
    assert pickle.loads(pickle.dumps(create(users))) == create(users)
