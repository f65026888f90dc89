"""Never run: what mypy and pyright must say about calls of Alloy, right ones and wrong ones.

A wrong call carries an ignore for each checker. Should a checker come to accept it, its ignore is
unused, which fails the check.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from alloy_async import Alloy, AsyncAlloy
from alloy_async.alloy import models, operations
from alloy_async.core.operation.operation import Operation
from alloy_async.core.operation.paging import Listing
from alloy_async.core.retry import SystemClock
from alloy_async.testing import FakeClock


async def right_async(alloy: AsyncAlloy) -> None:
    assert_type(await alloy.get_a_user("ada"), models.User)
    _ = assert_type(alloy.get_a_user(user_id="ada"), Coroutine[Any, Any, models.User])
    assert_type(await alloy.create_a_user("ada", full_name="Ada Lovelace"), models.CreatedUser)
    assert_type(await alloy.update_a_user("ada", username="countess", full_name=None), models.User)
    assert_type(await alloy.batch_create_users([models.NewUser("ada")]), models.BatchResult)
    assert_type(await alloy.list_all_users(), models.Users)
    assert_type((await alloy.list_all_users(parent_workflow_id="w")).data, list[models.User] | None)
    assert_type(await alloy.run_event("order/created", "ada", {"id": 1, "note": None}), models.Message)
    assert_type(
        await alloy.create_a_credential(models.NewCredential("netsuite", {"realm": "r"}), user_id="ada"),
        models.CreatedCredential,
    )
    assert_type(
        await alloy.get_workflow_logs("w", "ada", page=1, limit=30, order="asc"),
        models.WorkflowLogs,
    )
    assert_type(await alloy.rerun_workfow("w", "e", "ada"), models.Rerun)
    assert_type(await alloy.rerun_workflow("w", "e", user_id="ada"), models.Rerun)
    assert_type(await alloy.credential_metadata_by_app("shopify"), models.CredentialMetadataAnswer)
    assert_type(
        await alloy.generate_oauth_link("ada", "shopify", properties={"shop": "x"}),
        models.OauthLink,
    )
    assert_type(
        await alloy.complete_installation(
            "i", [models.BlockValues("w", "b", [models.FieldValue("name", "value")])]
        ),
        models.Message,
    )
    assert_type(await alloy.send(operations.GetAUser("ada")), models.User)
    async for user in alloy.iterate(operations.ListAllUsers()):
        assert_type(user, models.User)


def right_sync(alloy: Alloy) -> None:
    assert_type(alloy.get_a_user("ada"), models.User)
    assert_type(alloy.create_a_user(username="ada"), models.CreatedUser)
    assert_type(alloy.deactivate_a_workflow("ada", workflow_name="Sync orders"), models.Activation)
    assert_type(alloy.start_installation("ada", "i", credential_ids=["c"]), models.Installation)
    assert_type(alloy.rerun_workflow("w", "e", "ada"), models.Rerun)
    assert_type(alloy.list_versions("ada", "w"), models.WorkflowVersions)
    assert_type(alloy.send(operations.ListApps()), models.Apps)
    for log in alloy.iterate(operations.GetWorkflowLogs("w")):
        assert_type(log, models.WorkflowLog)


def right_operations() -> None:
    assert_type(AsyncAlloy.get_a_user.operation("ada"), Operation[models.User])
    assert_type(AsyncAlloy.list_all_users.operation(), Listing[models.Users, models.User])
    user: Operation[models.User] = operations.GetAUser("ada")
    users: Listing[models.Users, models.User] = operations.ListAllUsers()
    anything: list[Operation[Any]] = [user, users]
    assert_type(anything, list[Operation[Any]])


def right_clients() -> None:
    clock = FakeClock()
    AsyncAlloy("key", clock=clock, timeout=5, retry=3)
    Alloy("key", clock=clock)
    Alloy("key", clock=SystemClock())


def wrong_clients() -> None:
    Alloy("key", clock=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Alloy("key", clock=FakeClock)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def wrong_async(alloy: AsyncAlloy) -> None:
    await alloy.get_a_user()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await alloy.get_a_user(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await alloy.get_a_user(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await alloy.get_a_user("ada", "extra")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await alloy.get_a_user(userId="ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await alloy.create_a_user(full_name="Ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await alloy.get_workflow_logs("w", order="down")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await alloy.get_workflow_logs("w", limit="30")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await alloy.batch_create_users(["ada"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await alloy.run_event("event", "ada", "{}")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await alloy.get_the_user("ada")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    _ = (await alloy.get_a_user("ada")).name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    _ = alloy.get_a_user("ada").user_id  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def wrong_sync(alloy: Alloy) -> None:
    alloy.delete_a_user()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    alloy.rerun_workflow("w", "e")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    alloy.create_a_credential({"type": "x"}, "ada")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    models.NewUser()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    operations.GetAUser("ada").user_id = "eve"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def wrong_mixture(alloy: Alloy) -> None:
    await alloy.get_a_user("ada")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
