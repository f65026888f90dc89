"""All 36 operations through both clients: what arrives, by the contract, and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from alloy_async import (
    Alloy,
    AsyncAlloy,
    BadRequest,
    InvalidRequest,
    NotFound,
    Unauthorized,
)
from alloy_async.alloy import models, operations
from alloy_async.sandbox import Sandbox

from ..caller import Caller, open_caller
from .oracle import CONTRACT

ADA = "ada/é+1@example.org"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("alloy") as sandbox:
        yield sandbox


@pytest.fixture(params=["async", "sync"])
async def call(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with open_caller(request.param, sandbox, CONTRACT, ("Authorization", "bearer key")) as call:
        yield call


async def test_all_36_operations(call: Caller) -> None:
    user_id = await create_users(call)
    await connect(call, user_id)
    integration = await install(call, user_id)
    assert integration.workflows
    workflow = integration.workflows[0]
    await use(call, user_id, workflow)
    await run(call, user_id, workflow)
    await clean_up(call, user_id, workflow)
    assert call.called == {documented.name for documented in CONTRACT.calls}


async def create_users(call: Caller) -> str:
    user_id: str = (await call("create_a_user", ADA, full_name="Ada Byron")).user_id
    ada = models.User(user_id=user_id, username=ADA, full_name="Ada Lovelace")
    assert await call("update_a_user", ADA, full_name="Ada Lovelace") == ada
    assert await call("get_a_user", user_id) == await call("get_a_user", user_id=ADA) == ada

    batch = [models.NewUser("grace", full_name="Grace Hopper"), models.NewUser(ADA, "Again")]
    result = await call("batch_create_users", batch)
    assert result.invalid_users == [models.InvalidUser(username=ADA, full_name="Again")]
    users = (await call("list_all_users")).data
    assert ada in users
    assert {user.username for user in users} >= {ADA, "grace"}

    token = await call("generate_jwt_token", ADA)
    assert token.token.count(".") == 2
    return user_id


async def connect(call: Caller, user_id: str) -> None:
    apps = {app.name: app for app in (await call("list_apps")).data}
    assert apps["klaviyo"].type == ["action"]
    every = (await call("get_credential_metadata")).data
    one = (await call("credential_metadata_by_app", "klaviyo")).data
    assert one in every
    assert (one.is_oauth, [field.name for field in one.properties]) == (False, ["apiKey"])

    new = models.NewCredential("klaviyo", {"apiKey": "pk_1", "note": None})
    created = await call("create_a_credential", new, user_id)
    assert created.success is True
    (credential,) = (await call("list_user_credentials", user_id)).data
    assert (credential.credential_id, credential.type) == (created.credential_id, "klaviyo")
    assert isinstance(credential.created_at, datetime)
    assert abs(datetime.now(UTC) - credential.created_at).total_seconds() < 60
    deleted = await call("delete_a_credential", created.credential_id, user_id)
    assert deleted == models.Success(success=True)

    link = await call("generate_oauth_link", ADA, "shopify", properties={"shopSubdomain": "ada & co"})
    assert "shopSubdomain=ada+%26+co" in link.oauth_url


async def install(call: Caller, user_id: str) -> models.Integration:
    (integration, *_) = (await call("list_integrations", ADA)).data
    assert (integration.app, integration.installed) == ("crm sync", False)
    assert integration.workflows[0].installed is None
    link = await call("generate_alloy_link", user_id, integration.integration_id)
    assert integration.integration_id in link.url

    wanted = [integration.workflows[0].workflow_id]
    started = await call("start_installation", ADA, integration.integration_id, workflow_ids=wanted)
    (block,) = started.data
    assert [field.name for field in block.fields if field.required] == ["channel"]
    values = models.BlockValues(block.workflow_id, block.block_id, [models.FieldValue("channel", "#sales")])
    await call("complete_installation", started.installation_id, [values])

    found: models.Integration = (await call("get_an_integration", "crm sync", ADA)).data
    assert found.installed is True
    return found


async def use(call: Caller, user_id: str, workflow: models.Workflow) -> None:
    w = workflow.workflow_id
    listed = (await call("list_workflows", ADA, integration="crm sync")).data
    found = (await call("find_a_workflow", ADA, w)).data
    assert found in listed
    assert (found.installed, found.active, found.installed_version) == (True, True, found.version)
    assert [block.name for block in found.blocks] == ["hubspot", "slack"]

    off = await call("deactivate_a_workflow", ADA, workflow_name=found.name)
    on = await call("activate_a_workflow", ADA, workflow_id=w)
    assert (off.activated, on.activated) == (False, True)
    assert (await call("upgrade_workflow", w, ADA)).upgraded is True
    versions = (await call("list_versions", ADA, w)).data
    assert [version.status for version in versions] == ["inactive", "inactive", "active"]
    (user,) = (await call("list_users_by_workflowid", w, user_id=ADA)).data
    assert (user.user_id, user.workflow_active) == (user_id, True)
    assert (await call("list_all_users", parent_workflow_id=w)).data


async def run(call: Caller, user_id: str, workflow: models.Workflow) -> None:
    w = workflow.workflow_id
    (event, *_) = (await call("list_events")).data
    assert set(event.body) == {"name", "email"}
    data = {"name": "Grace", "email": None, "tags": ["a", 1]}
    assert "started 1" in (await call("run_event", event.name, ADA, data)).message

    (log,) = (await call("get_workflow_logs", w, ADA, limit=30, order="asc")).data
    assert log.inputs[0].data == data
    assert log.results[0].data == [[models.LogItem(json=data, id="0")]]
    rerun = await call("rerun_workflow", w, log.execution_id, ADA)
    assert rerun.execution_uuid != log.execution_id
    assert (await call("get_workflow_errors", w, ADA)).data == []
    analytics = await call("get_workflow_analytics", w)
    assert analytics.total_workflow_runs >= 2

    webhook = next(w for w in (await call("list_workflows", ADA)).data if "webhook" in w.name)
    (holder,) = (await call("list_users_by_workflowid", webhook.workflow_id)).data
    run = await call("run_workflow", holder.username, {"sku": 1}, workflow_name=webhook.name)
    assert isinstance(run, models.Message)


async def clean_up(call: Caller, user_id: str, workflow: models.Workflow) -> None:
    await call("disable_all_workflows_for_a_user", user_id)
    found = (await call("find_a_workflow", ADA, workflow.workflow_id)).data
    assert found.active is False
    assert (await call("delete_workflow", ADA, workflow.workflow_id)).deleted is True
    assert (await call("delete_a_user", ADA)).success is True
    assert (await call("delete_logs_for_a_user", user_id)).message
    with pytest.raises(NotFound) as caught:
        await call("get_a_user", ADA)
    assert (caught.value.operation, caught.value.effect) == ("get_a_user", "none")


@pytest.mark.parametrize("first_page", [0, 1])
async def test_logs_are_walked_whole_whatever_the_first_page_is_called(first_page: int) -> None:
    with Sandbox("alloy", first_page=first_page) as sandbox:
        with Alloy("key", base_url=sandbox.url) as direct:
            (user, *_) = direct.list_all_users().data or []
            assert user.user_id
            workflows = direct.list_workflows(user.user_id).data or []
            workflow_id = next(workflow.workflow_id for workflow in workflows if workflow.installed)
            assert workflow_id
            runs = direct.get_workflow_analytics(workflow_id).total_workflow_runs
            operation = operations.GetWorkflowLogs(workflow_id, limit=2, order="asc")
            walked = [log.execution_id for log in direct.iterate(operation)]
        async with AsyncAlloy("key", base_url=sandbox.url) as alloy:
            assert [log.execution_id async for log in alloy.iterate(operation)] == walked
    assert len(walked) == len(set(walked)) == runs
    assert len(walked) > 4, "several pages"


async def test_an_unpaged_list_is_walked_too(sandbox: Sandbox) -> None:
    async with AsyncAlloy("key", base_url=sandbox.url) as alloy:
        users = [user async for user in alloy.iterate(operations.ListAllUsers())]
    assert users
    assert all(isinstance(user, models.User) for user in users)


@pytest.mark.parametrize(
    ("key", "sent"),
    [("key", "bearer key"), ("Bearer key", "Bearer key"), ("bearer key", "bearer key")],
)
async def test_a_key_is_sent_with_its_own_scheme_or_as_bearer(sandbox: Sandbox, key: str, sent: str) -> None:
    async with AsyncAlloy(key, base_url=sandbox.url) as alloy:
        await alloy.list_apps()
    assert sandbox.requests[-1].headers["Authorization"] == sent


async def test_a_refusal_brings_its_typed_body(sandbox: Sandbox) -> None:
    async with AsyncAlloy("wrong", base_url=sandbox.url) as alloy:
        with pytest.raises(Unauthorized) as unauthorized:
            await alloy.list_all_users()
    assert isinstance(unauthorized.value.body, models.ErrorMessage)
    assert unauthorized.value.body.message
    async with AsyncAlloy("key", base_url=sandbox.url) as alloy:
        await alloy.create_a_user("ada")
        with pytest.raises(BadRequest, match=r"create_a_user: .*ada.* exists"):
            await alloy.create_a_user("ada")


async def test_nothing_is_sent_for_a_refused_argument(sandbox: Sandbox) -> None:
    async with AsyncAlloy("key", base_url=sandbox.url) as alloy:
        with pytest.raises(InvalidRequest, match="activate_a_workflow"):
            await alloy.activate_a_workflow("ada")
    assert not sandbox.requests
