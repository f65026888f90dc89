"""Never run: what mypy and pyright must say about calls of Alsid, right ones and wrong ones.

A wrong call carries an ignore for each checker. Should a checker come to accept it, its ignore is
unused, which fails the check.
"""

from __future__ import annotations

from typing import assert_type

from alloy_async import NULL, Alsid, AsyncAlsid
from alloy_async.alsid import models, operations


async def right_async(alsid: AsyncAlsid) -> None:
    login = models.ApiLoginBody("password", "ada@example.org")
    ada = models.ApiUsersBody("Ada", "ada@example.org", "password", surname=NULL)
    assert_type(await alsid.api_login_post(login), models.Login)
    assert_type(await alsid.api_logout_post(), str | None)
    assert_type(await alsid.api_users_get(), list[models.User])
    assert_type(await alsid.api_users_post([ada]), list[models.User])
    assert_type(await alsid.api_users_id_get(7), models.User)
    assert_type(await alsid.api_users_id_get("7"), models.InlineResponse20043)
    assert_type(await alsid.api_users_id_patch(models.UsersIdBody(picture=NULL), id=7), models.User)
    assert_type(await alsid.api_users_id_roles_put(models.IdRolesBody([1]), 7), models.RoleIds)
    assert_type((await alsid.api_users_whoami_get()).roles, list[models.Role] | None)
    await alsid.api_users_id_delete(7)
    async for user in alsid.iterate(operations.ApiUsersGet()):
        assert_type(user, models.User)


def right_sync(alsid: Alsid) -> None:
    assert_type(alsid.api_users_get(), list[models.User])
    assert_type(alsid.send(operations.ApiUsersWhoamiGet()), models.Identity)
    alsid.api_users_password_patch(models.UsersPasswordBody("old", new_password="new"))
    alsid.api_users_forgotten_password_post(models.UsersForgottenpasswordBody("ada@example.org"))
    alsid.api_users_retrieve_password_post(models.UsersRetrievepasswordBody("token", "new"))


async def wrong_async(alsid: AsyncAlsid) -> None:
    await alsid.api_users_get("key")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await alsid.api_users_id_get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await alsid.api_users_id_get(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await alsid.api_users_id_patch(7, models.UsersIdBody())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await alsid.api_users_post(models.ApiUsersBody("Ada", "a@x", "p"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_sync(alsid: Alsid) -> None:
    models.ApiUsersBody("Ada", "ada@example.org")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    models.IdRolesBody(["admin"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    alsid.api_login_post({"email": "ada@example.org"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
