"""Methods as coroutines and as members of a Protocol: both checkers accept this file, and test_typing.py runs it.

A forgotten await carries an ignore for each checker: should one of them no longer report it, its ignore is unused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, assert_type

from alloy_async import Alloy, AsyncAlloy
from alloy_async.alloy import models


class Users(Protocol):
    """What a program of yours asks of a client."""

    async def get_a_user(self, user_id: str) -> models.User: ...


class UsersAsAttribute(Protocol):
    @property
    def get_a_user(self) -> Callable[[str], Coroutine[Any, Any, models.User]]: ...


class SyncUsers(Protocol):
    def get_a_user(self, user_id: str) -> models.User: ...


async def get_name(users: Users, user_id: str) -> str | None:
    return (await users.get_a_user(user_id)).username


async def get_name_by_attribute(users: UsersAsAttribute, user_id: str) -> str | None:
    return (await users.get_a_user(user_id)).username


def get_name_sync(users: SyncUsers, user_id: str) -> str | None:
    return users.get_a_user(user_id).username


async def use(alloy: AsyncAlloy, user_id: str) -> list[str | None]:
    task = asyncio.create_task(alloy.get_a_user(user_id))
    async with asyncio.TaskGroup() as group:
        other = group.create_task(alloy.get_a_user(user_id))
    user, again = await asyncio.gather(task, other)
    third, other_user = await asyncio.gather(alloy.get_a_user(user_id), alloy.get_a_user(user_id))
    users = await alloy.list_all_users()
    fourth = await asyncio.wait_for(alloy.get_a_user(user_id), 10)
    fifth = await AsyncAlloy.get_a_user(alloy, user_id)
    assert_type(user, models.User)
    assert_type(users, models.Users)
    assert_type(fifth, models.User)
    names = [await get_name(alloy, user_id), await get_name_by_attribute(alloy, user_id)]
    return [*(one.username for one in (user, again, third, other_user, fourth, fifth)), *names]


def use_sync(alloy: Alloy, user_id: str) -> list[str | None]:
    return [
        asyncio.run(AsyncAlloy("key", base_url=alloy.base_url).get_a_user(user_id)).username,
        Alloy.get_a_user(alloy, user_id).username,
        get_name_sync(alloy, user_id),
    ]


async def forget(alloy: AsyncAlloy) -> None:
    alloy.get_a_user("ada")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


def use_wrongly(alloy: AsyncAlloy) -> None:
    AsyncAlloy.get_a_user("ada")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    AsyncAlloy.get_a_user.operation()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    get_name_sync(alloy, "ada")  # type: ignore[arg-type]  # mypy alone sees it: see endpoint.__call__
