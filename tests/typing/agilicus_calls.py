"""Never run: what mypy and pyright must say about calls of Agilicus, right ones and wrong ones.

A wrong call carries an ignore for each checker. Should a checker come to accept it, its ignore is
unused, which fails the check.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, assert_type

from alloy_async import NULL, Agilicus, AsyncAgilicus, Listing, Operation, Token
from alloy_async.agilicus import models, operations


async def right_async(agilicus: AsyncAgilicus) -> None:
    assert_type(await agilicus.get_user("u"), models.User)
    _ = assert_type(agilicus.get_user("u", org_id="o"), Coroutine[Any, Any, models.User])
    assert_type(await agilicus.create_user(models.User(email="ada@example.org")), models.User)
    page = await agilicus.list_users(None, "", org_id="o", type=["user", "group"], has_roles=True, limit=500)
    assert_type(page.users, list[models.User] | None)
    assert_type(page.next_page_email, str | None)
    assert_type(await agilicus.list_all_user_roles("u"), dict[str, list[str]])
    assert_type(
        await agilicus.list_user_guids(datetime(2026, 1, 1, tzinfo=UTC)), models.ListUserGuidsResponse
    )
    assert_type(await agilicus.delete_user("o", user_id="u"), None)
    assert_type(await agilicus.send(operations.GetUser("u")), models.User)
    async for user in agilicus.iterate(operations.ListUsers(search_direction="backwards")):
        assert_type(user, models.User)
        if isinstance(user, models.Group):
            assert_type(user.members, list[models.UserIdentity] | None)
    async for user_id in agilicus.iterate(operations.ListUserGuids()):
        assert_type(user_id, str)


def right_sync(agilicus: Agilicus) -> None:
    method = agilicus.get_challenge_method("u", "m")
    assert_type(method.spec.priority, int)
    assert_type(agilicus.replace_challenge_method("u", "m", method), models.MFAChallengeMethod)
    user = agilicus.get_user("u")
    user.external_id = NULL
    assert_type(agilicus.replace_user("u", user), models.User)
    group: models.User = models.Group(members=[models.GroupMember(id="u")])
    assert_type(agilicus.create_user(group), models.User)
    assert_type(agilicus.bulk_update_metadata(models.BulkUserMetadata(None, "json", "{}")), None)
    for row in agilicus.iterate(operations.ListOrgUserRoles(offset=10)):
        assert_type(row, models.UserRolesForAnOrg)


async def fetch() -> Token:
    return Token("value", expires_at=0.0)


def right_tokens_and_operations() -> None:
    AsyncAgilicus("token", deadline=10)
    Agilicus(token=lambda: "token", base_url="https://agilicus.example")
    AsyncAgilicus(token=fetch)
    users: Listing[models.ListUsersResponse, models.User] = operations.ListUsers()
    anything: list[Operation[Any]] = [users, operations.GetUser("u")]
    assert_type(anything, list[Operation[Any]])


async def wrong_async(agilicus: AsyncAgilicus) -> None:
    await agilicus.get_user()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await agilicus.get_user(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await agilicus.create_user({"email": "ada"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await agilicus.list_users(type="user")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await agilicus.list_users(type=["person"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await agilicus.list_users(search_direction="up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await agilicus.list_access_requests(limit=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await agilicus.list_user_guids("2026-01-01")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await agilicus.delete_user("u")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    _ = agilicus.get_user("u").email  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def wrong_sync(agilicus: Agilicus) -> None:
    models.ServiceAccountSpec("name")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    models.BulkUserMetadata("o", "yaml", "")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    _ = agilicus.get_user("u").members  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Agilicus(api_key="key")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Agilicus("token", retries=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
