"""Never run: what mypy and pyright must say about calls of Opendatasoft, right ones and wrong ones.

A wrong call carries an ignore for each checker. Should a checker come to accept it, its ignore is
unused, which fails the check.
"""

from __future__ import annotations

from typing import assert_type

from alloy_async import AsyncOpendatasoft, Opendatasoft, Retry
from alloy_async.opendatasoft import models, operations


async def right_async(portal: AsyncOpendatasoft) -> None:
    ada = models.User(
        email="ada@example.org", groups=[models.UserGroup("readers")], permissions=["edit_page"]
    )
    provider = models.ProvisionUsersRequestAllOfIdentityProvider("sso")
    assert_type(await portal.get_user("ada", expand="groups"), models.User)
    assert_type(await portal.get_users("ada", sort=["username"], limit=0), models.GetUsers200Response)
    assert_type(await portal.update_user("ada", ada), models.User)
    assert_type(await portal.users_export(delimiter=";"), bytes)
    verdicts = await portal.invite_users([ada])
    assert_type(verdicts, models.Verdicts)
    assert_type(verdicts["0"], models.InviteUsers200ResponseValue)
    for verdict in verdicts.in_order([ada]):
        assert_type(verdict.data, models.User | None)
        assert_type(verdict.reason, str | None)
    await portal.provision_users(models.ProvisionUsersRequest("ada@example.org", provider))
    await portal.delete_user("ada")
    async for user in portal.iterate(operations.GetUsers(search="ada")):
        assert_type(user, models.User)
    async with portal.stream(operations.UsersExport()) as stream:
        async for row in stream.rows(models.ExportedUser):
            assert_type(row, models.ExportedUser)


def right_sync(portal: Opendatasoft) -> None:
    assert_type(portal.get_users(all_permissions=["edit_domain"]).results, list[models.User] | None)
    assert_type(portal.invite_users(), models.Verdicts)
    with portal.stream(operations.UsersExport()) as stream:
        for row in stream.rows(models.ExportedUser):
            assert_type(row.groups, models.Several | None)
    Opendatasoft("key", portal="mycity.opendatasoft.com", key_in_query=True, retry=Retry(attempts=2))


async def wrong_async(portal: AsyncOpendatasoft) -> None:
    await portal.get_user()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await portal.get_users(sort=["email"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await portal.get_users(sort="username")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await portal.invite_users(models.User(email="a@x"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await portal.update_user("ada", {"email": "a@x"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    models.ProvisionUsersRequest("a@x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def wrong_sync(portal: Opendatasoft) -> None:
    portal.users_export(",", ",", ",")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Opendatasoft("key", portals="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
