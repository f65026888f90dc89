"""The Alloy world: what each operation does to the account. The `call` fixture holds every answer
against the contract."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.contract.contract import load_contract
from alloy_async.sandbox.messages import ApiCall

from .conftest import Caller

ODD_NAMES = ["ada@x.example", "a/b", "a+b", "ä ö", "100%", "a%2Fb", "?&=#", "日本", "batch"]


async def first_user(call: Caller) -> dict[str, Any]:
    users = (await call("GET", "/users")).body["data"]
    return users[0]  # type: ignore[no-any-return]


async def workflow_of(call: Caller, user_id: str) -> dict[str, Any]:
    """A workflow that the user has installed."""
    workflows = (await call("GET", f"/workflows/?userId={user_id}")).body["data"]
    return next(workflow for workflow in workflows if workflow.get("installed"))


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_a_user_is_found_by_id_and_by_name(call: Caller, name: str) -> None:
    created = await call("POST", "/users/", {"username": name, "fullName": "Ada L."})
    user = {"userId": created.body["userId"], "username": name, "fullName": "Ada L."}
    for key in (name, user["userId"]):
        assert (await call("GET", "/users/" + quote(key, safe=""))).body == user
    assert user in (await call("GET", "/users")).body["data"]
    assert call.sandbox.ledger.count("create_a_user", name, "created") == 1


async def test_a_user_without_a_full_name_has_no_such_member(call: Caller) -> None:
    created = await call("POST", "/users/", {"username": "ada"})
    assert (await call("GET", "/users/ada")).body == {"userId": created.body["userId"], "username": "ada"}


@pytest.mark.parametrize("name", ["", "taken"])
async def test_a_username_is_unique_and_not_empty(call: Caller, name: str) -> None:
    await call("POST", "/users/", {"username": "taken"})
    await call("POST", "/users/", {"username": "other"})
    assert (await call("POST", "/users/", {"username": name})).status == 400
    assert (await call("PUT", "/users/other", {"username": name})).status == 400
    assert (await call("GET", "/users/other")).status == 200
    assert [effect.key for effect in call.sandbox.ledger] == ["taken", "other"]


async def test_a_user_is_renamed_and_deleted(call: Caller) -> None:
    user = await first_user(call)
    await call("POST", "/users/", {"username": "taken"})
    path = "/users/" + user["userId"]
    assert (await call("PUT", path)).body == user
    assert (await call("PUT", path, {"username": user["username"]})).body == user
    renamed = {**user, "username": "ada"}
    assert (await call("PUT", path, {"username": "ada"})).body == renamed
    assert (await call("GET", "/users/" + quote(user["username"]))).status == 404
    assert (await call("GET", "/users/ada")).body == renamed
    assert (await call("DELETE", "/users/ada")).body == {"success": True}
    assert (await call("GET", path)).status == (await call("DELETE", path)).status == 404
    assert [(e.what, e.key) for e in call.sandbox.ledger] == [
        ("created", "taken"),
        ("updated", user["username"]),
        ("updated", user["username"]),
        ("updated", "ada"),
        ("deleted", "ada"),
    ]


async def test_a_batch_creates_what_it_can(call: Caller) -> None:
    await call("POST", "/users/", {"username": "taken"})
    entries = [
        {"username": "a", "fullName": "A"},
        {"username": "taken", "fullName": "T"},
        {"username": "b"},
        {"username": "a", "fullName": "again"},
        {"username": ""},
    ]
    reply = await call("POST", "/users/batch", {"users": entries})
    assert reply.status == 200
    assert reply.body["invalidUsers"] == [
        {"username": "taken", "fullName": "T"},
        {"username": "a", "fullName": "again"},
        {"username": ""},
    ]
    created = call.sandbox.ledger.find("batch_create_users")
    assert [(effect.key, effect.request) for effect in created] == [("a", 2), ("b", 2)]
    assert (await call("GET", "/users/a")).body["fullName"] == "A"


async def test_a_batch_holds_at_most_1000(call: Caller) -> None:
    users = [{"username": f"u{number}"} for number in range(1001)]
    assert (await call("POST", "/users/batch", {"users": users})).status == 400
    assert len(call.sandbox.ledger) == 0
    assert (await call("POST", "/users/batch", {"users": users[:1000]})).body["invalidUsers"] == []
    assert call.sandbox.ledger.count(what="created") == 1000


async def test_an_unknown_user_is_not_found_anywhere(call: Caller) -> None:
    integration = next(iter(call.sandbox.service.account.integrations))
    workflow = next(iter(call.sandbox.service.account.workflows))
    for method, path, body in [
        ("GET", "/users/nobody", None),
        ("PUT", "/users/nobody", {"fullName": "N"}),
        ("DELETE", "/users/nobody", None),
        ("GET", "/users/nobody/token", None),
        ("GET", "/users/nobody/credentials", None),
        ("DELETE", "/users/nobody/credentials/c", None),
        ("DELETE", "/users/nobody/logs", None),
        ("PUT", "/users/nobody/deactivate-workflows", None),
        ("GET", f"/users/nobody/integrations/{integration}/install-url", None),
        ("GET", "/headless/oauthUrl?userId=nobody&app=slack", None),
        ("GET", "/workflows/?userId=nobody", None),
        ("GET", "/integrations?userId=nobody", None),
        ("GET", f"/workflows/{workflow}?userId=nobody", None),
        ("POST", "/headless/startInstallation", {"userId": "nobody", "integrationId": integration}),
        ("POST", "/run/event", {"event": "order.paid", "userId": "nobody", "data": {}}),
    ]:
        reply = await call(method, path, body)
        assert (reply.status, "nobody" in reply.body["message"]) == (404, True), path
    assert len(call.sandbox.ledger) == 0


async def test_credentials_ask_for_what_their_metadata_lists(call: Caller) -> None:
    user = await first_user(call)
    metadata = (await call("GET", "/metadata/credentials")).body["data"]
    assert {app["name"] for app in metadata} == {
        app["name"] for app in (await call("GET", "/metadata/apps")).body["data"]
    }
    one = (await call("GET", "/metadata/credentials/magento")).body["data"]
    assert one in metadata
    data = {entry["name"]: "x" for entry in one["properties"]}
    body = {"userId": user["userId"], "credential": {"type": "magento", "data": data}}
    credential_id = (await call("POST", "/headless/credentials", body)).body["credentialId"]
    path = f"/users/{user['userId']}/credentials"
    held = (await call("GET", path)).body["data"]
    assert "magento" in [c["type"] for c in held if c["credentialId"] == credential_id]

    del data["accessToken"]
    refused = await call("POST", "/headless/credentials", body)
    assert (refused.status, refused.body["message"]) == (400, "magento needs: accessToken.")
    assert (await call("DELETE", f"{path}/{credential_id}")).body == {"success": True}
    assert (await call("DELETE", f"{path}/{credential_id}")).status == 404
    assert (await call("GET", "/metadata/credentials/nothing")).status == 404


async def test_an_oauth_link_takes_the_properties_of_the_app(call: Caller) -> None:
    user = (await first_user(call))["userId"]
    missing = await call("GET", f"/headless/oauthUrl?userId={user}&credentialName=shopify")
    assert missing.body["message"] == "shopify needs: shopSubdomain."
    link = await call("GET", f"/headless/oauthUrl?userId={user}&app=shopify&shopSubdomain=my%20shop")
    assert link.body["oauthUrl"].endswith(f"state={user}&shopSubdomain=my+shop")
    assert (await call("GET", f"/headless/oauthUrl?userId={user}")).status == 400
    assert (await call("GET", f"/headless/oauthUrl?userId={user}&app=klaviyo")).status == 400


async def test_a_token_is_a_jwt_of_the_user(call: Caller) -> None:
    user = await first_user(call)
    token = (await call("GET", f"/users/{user['userId']}/token")).body["token"]
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    assert json.loads(header) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(claims)["userId"] == user["userId"]
    assert len(signature) == 32


async def test_an_integration_is_installed_in_two_steps(call: Caller) -> None:
    await call("POST", "/users/", {"username": "new"})
    (integration, *_) = (await call("GET", "/integrations?userId=new")).body["data"]
    assert not integration["installed"]
    assert all("installedVersion" not in workflow for workflow in integration["workflows"])

    start = {"userId": "new", "integrationId": integration["app"]}
    started = (await call("POST", "/headless/startInstallation", start)).body
    data = [
        {
            "workflowId": block["workflowId"],
            "blockId": block["blockId"],
            "fields": [{"name": field["name"], "value": "#sales"} for field in block["fields"]],
        }
        for block in started["data"]
    ]
    complete = {"installationId": started["installationId"], "data": data}
    wrong = {**complete, "data": [{"workflowId": "w", "blockId": "b"}]}
    assert (await call("POST", "/headless/completeInstallation", wrong)).status == 400
    assert (await call("POST", "/headless/completeInstallation", complete)).status == 200
    assert (await call("POST", "/headless/completeInstallation", complete)).status == 400
    installed = await call("GET", f"/integrations/{quote(integration['app'])}?userId=new")
    assert installed.body["data"]["installed"]
    assert all(workflow["active"] for workflow in installed.body["data"]["workflows"])


async def test_several_credentials_for_an_app_need_a_choice(call: Caller) -> None:
    await call("POST", "/users/", {"username": "new"})
    slack = {"userId": "new", "credential": {"type": "slack", "data": {}}}
    ids = [(await call("POST", "/headless/credentials", slack)).body["credentialId"] for _ in range(2)]
    integration = (await call("GET", "/integrations?userId=new")).body["data"][0]
    start = {"userId": "new", "integrationId": integration["integrationId"]}

    async def status(**more: Any) -> int:
        return (await call("POST", "/headless/startInstallation", {**start, **more})).status

    assert await status() == 400
    assert await status(credentialIds=ids) == 400
    assert await status(credentialIds=["unknown"]) == 404
    assert await status(credentialIds=ids[:1]) == 200
    one = integration["workflows"][0]["workflowId"]
    assert await status(credentialIds=ids[:1], workflowIds=[one]) == 200
    assert await status(credentialIds=ids[:1], workflowIds=["unknown"]) == 404


async def test_a_workflow_is_switched_upgraded_and_removed_for_one_user(call: Caller) -> None:
    user = (await first_user(call))["userId"]
    workflow = await workflow_of(call, user)
    one = {"userId": user, "workflowId": workflow["workflowId"]}
    by_name = {"userId": user, "workflowName": workflow["name"]}
    path = f"/workflows/{workflow['workflowId']}"

    async def seen() -> dict[str, Any]:
        found = (await call("GET", f"{path}?userId={user}")).body["data"]
        return {key: found.get(key) for key in ("installed", "active", "installedVersion")}

    assert (await call("PUT", "/workflows/deactivate", one)).body == {"activated": False}
    assert await seen() == {"installed": True, "active": False, "installedVersion": 1}
    assert (await call("PUT", "/workflows/activate", by_name)).body == {"activated": True}
    assert (await call("PUT", "/workflows/activate", {"userId": user})).status == 400
    assert (await call("PUT", f"/users/{user}/deactivate-workflows")).status == 200
    assert (await call("PUT", f"{path}/upgrade?userId={user}")).body == {"upgraded": True}
    assert await seen() == {"installed": True, "active": False, "installedVersion": 3}
    versions = (await call("GET", f"{path}/versions?userId={user}")).body["data"]
    assert [version["status"] for version in versions] == ["inactive", "inactive", "active"]

    assert user in [u["userId"] for u in (await call("GET", f"{path}/users/")).body["data"]]
    having = (await call("GET", f"/users?parentWorkflowId={workflow['workflowId']}")).body["data"]
    assert [u["userId"] for u in having] == [user]
    assert (await call("DELETE", f"{path}?userId={user}")).body == {"deleted": True}
    assert (await call("DELETE", f"{path}?userId={user}")).status == 404
    assert await seen() == {"installed": None, "active": None, "installedVersion": None}
    assert (await call("PUT", "/workflows/activate", one)).status == 404
    assert (await call("GET", f"{path}/users/")).body == {"data": []}


async def test_an_event_starts_the_workflows_that_listen(call: Caller) -> None:
    user = (await first_user(call))["userId"]
    workflow = await workflow_of(call, user)
    path = f"/workflows/{workflow['workflowId']}"
    before = (await call("GET", f"{path}/analytics")).body
    (event, *_) = (await call("GET", "/events")).body["data"]
    run = {"event": event["name"], "userId": user, "data": {"order": 7}}
    assert (await call("POST", "/run/event", run)).status == 200
    (newest, *_) = (await call("GET", f"{path}/logs?userId={user}")).body["data"]
    assert newest["inputs"][0]["data"] == {"order": 7}
    again = await call("POST", f"{path}/rerun/{newest['executionId']}?userId={user}")
    assert again.body["executionUuid"] != newest["executionId"]
    after = (await call("GET", f"{path}/analytics")).body
    assert after["totalWorkflowRuns"] == before["totalWorkflowRuns"] + 2
    assert after["totalAppActions"] == before["totalAppActions"] + 2 * len(workflow["blocks"])
    assert (await call("POST", "/run/event", {**run, "event": "unknown"})).status == 404
    assert (await call("POST", f"{path}/rerun/unknown?userId={user}")).status == 404


async def test_only_an_installed_active_webhook_workflow_is_run(call: Caller) -> None:
    workflows = (await call("GET", "/workflows/?userId=bjarne.1%40northwind.example")).body["data"]
    webhook = next(workflow for workflow in workflows if "webhook" in workflow["name"])
    listener = next(workflow for workflow in workflows if "webhook" not in workflow["name"])
    having = f"/workflows/{webhook['workflowId']}/users/"
    (owner, *_) = (await call("GET", having)).body["data"]

    async def status(user: str, **which: str) -> int:
        return (await call("POST", "/run/workflow", {"userId": user, "data": {}, **which})).status

    assert await status(owner["userId"], workflowName=webhook["name"]) == 200
    assert await status(owner["userId"], workflowId=listener["workflowId"]) == 400
    assert await status(owner["userId"]) == 400
    assert await status("ada.0@northwind.example", workflowId=webhook["workflowId"]) == 404
    await call("PUT", f"/users/{owner['userId']}/deactivate-workflows")
    assert await status(owner["userId"], workflowId=webhook["workflowId"]) == 400


async def test_logs_come_in_pages(call: Caller) -> None:
    user = (await first_user(call))["userId"]
    workflow = (await workflow_of(call, user))["workflowId"]
    run = {"event": "contact.created", "userId": user, "data": {}}
    for _ in range(30):
        await call("POST", "/run/event", run)

    async def ids(**query: Any) -> list[str]:
        values = "&".join(f"{name}={value}" for name, value in query.items())
        logs = (await call("GET", f"/workflows/{workflow}/logs?{values}")).body["data"]
        return [log["executionId"] for log in logs]

    everything = await ids(limit=30) + await ids(limit=30, page=1)
    assert len(set(everything)) == len(everything) == 36
    assert await ids() == everything[:10]
    assert [len(await ids(page=page)) for page in range(5)] == [10, 10, 10, 6, 0]
    oldest = await ids(order="asc", limit=6)
    assert oldest == everything[:-7:-1]
    for wrong in ("limit=0", "page=-1", "limit=31"):
        assert (await call("GET", f"/workflows/{workflow}/logs?{wrong}")).status == 400


async def test_pages_may_count_from_one() -> None:
    sandbox = Sandbox("alloy", first_page=1)
    handle = sandbox.service.handle
    workflow = next(iter(sandbox.service.account.workflows))
    path = {"workflowId": workflow}
    default, first, before = (
        handle(ApiCall("get_workflow_logs", path, query)) for query in ({}, {"page": 1}, {"page": 0})
    )
    assert default == first
    assert before.status == 400


async def test_errors_and_logs_outlive_the_user(call: Caller) -> None:
    user = await first_user(call)
    workflow = (await workflow_of(call, user["userId"]))["workflowId"]
    errors = f"/workflows/{workflow}/errors"
    logs = f"/workflows/{workflow}/logs"
    (error,) = (await call("GET", f"{errors}?userId={user['userId']}")).body["data"]
    assert error["workflowId"] == workflow
    name = quote(user["username"], safe="")
    await call("DELETE", f"/users/{name}")
    assert (await call("GET", errors)).body["data"] == [error]
    assert (await call("DELETE", f"/users/{user['userId']}/logs")).status == 200
    assert (await call("DELETE", f"/users/{user['userId']}/logs")).status == 200
    assert (await call("GET", errors)).body == (await call("GET", logs)).body == {"data": []}


async def test_logs_lapse_after_sixty_days() -> None:
    now = [1e9]
    async with Sandbox("alloy", clock=lambda: now[0]) as sandbox, aiohttp.ClientSession() as session:
        call = Caller(sandbox, session)
        user = (await first_user(call))["userId"]
        logs = f"/workflows/{(await workflow_of(call, user))['workflowId']}/logs"
        before = (await call("GET", logs)).body["data"]
        now[0] += 86_400 * 53  # the oldest of them was 15 days old
        after = (await call("GET", logs)).body["data"]
        assert 0 < len(after) < len(before)
        now[0] += 86_400 * 60
        assert (await call("GET", logs)).body["data"] == []


async def test_a_version_with_other_fields_wants_a_new_installation(call: Caller) -> None:
    account = call.sandbox.service.account
    refused = [
        workflow.id
        for (user, workflow_id) in account.installed
        if (workflow := account.workflows[workflow_id]).version > 1
        if (await call("PUT", f"/workflows/{workflow.id}/upgrade?userId={user}")).status == 400
    ]
    assert refused == [w.id for w in account.workflows.values() if w.fields_since > 1]
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/users/{}/deactivate-workflows"),
        ("DELETE", "/users/{}/logs"),
        ("GET", "/users/{}/credentials"),
        ("DELETE", "/users/{}/credentials/x"),
        ("GET", "/users/{}/integrations/x/install-url"),
    ],
)
async def test_a_username_will_not_do_where_only_the_id_is_documented(
    call: Caller, method: str, path: str
) -> None:
    username = quote((await first_user(call))["username"], safe="")
    reply = await call(method, path.format(username))
    assert (reply.status, reply.body["message"]) == (
        404,
        "There is no user with the id 'ada.0@northwind.example'.",
    )


async def test_a_link_names_integration_and_user(call: Caller) -> None:
    user = (await first_user(call))["userId"]
    integration = (await call("GET", f"/integrations?userId={user}")).body["data"][0]["integrationId"]
    link = (await call("GET", f"/users/{user}/integrations/{integration}/install-url")).body["url"]
    assert user in link
    assert integration in link


async def test_every_operation_answers_by_the_contract(call: Caller) -> None:
    """One call of each operation that goes well; the others above are checked as they come."""
    account = call.sandbox.service.account
    user, workflow = next(iter(account.installed))
    webhook = next(w for w in account.workflows.values() if w.event is None)
    owner = next(u for u, w in account.installed if w == webhook.id)
    integration = webhook.integration_id
    execution = next(e.id for e in account.executions.values() if e.user_id == user)
    credential = next(c.id for c in account.credentials.values() if c.user_id == user)
    slack = {"type": "slack", "data": {}}
    installation = await call(
        "POST", "/headless/startInstallation", {"userId": user, "integrationId": integration}
    )
    complete = {"installationId": installation.body["installationId"], "data": []}
    for method, path, body in [
        ("POST", "/headless/completeInstallation", complete),
        ("POST", "/users/", {"username": "ada"}),
        ("POST", "/users/batch", {"users": [{"username": "eve"}]}),
        ("GET", "/users", None),
        ("GET", "/users/ada", None),
        ("PUT", "/users/ada", {"fullName": "Ada L."}),
        ("GET", "/users/ada/token", None),
        ("GET", "/metadata/apps", None),
        ("GET", "/metadata/credentials", None),
        ("GET", "/metadata/credentials/slack", None),
        ("POST", "/headless/credentials", {"userId": "ada", "credential": slack}),
        ("GET", f"/users/{user}/credentials", None),
        ("DELETE", f"/users/{user}/credentials/{credential}", None),
        ("GET", "/headless/oauthUrl?userId=ada&app=slack", None),
        ("GET", f"/integrations?userId={user}", None),
        ("GET", f"/integrations/{integration}?userId={user}", None),
        ("GET", f"/users/{user}/integrations/{integration}/install-url", None),
        ("GET", f"/workflows/?userId={user}", None),
        ("GET", f"/workflows/{workflow}?userId={user}", None),
        ("GET", f"/workflows/{workflow}/versions?userId={user}", None),
        ("GET", f"/workflows/{workflow}/users/", None),
        ("GET", f"/workflows/{workflow}/analytics", None),
        ("GET", f"/workflows/{workflow}/logs", None),
        ("GET", f"/workflows/{workflow}/errors", None),
        ("GET", "/events", None),
        ("POST", "/run/event", {"event": "order.paid", "userId": user, "data": {}}),
        ("POST", "/run/workflow", {"workflowId": webhook.id, "userId": owner, "data": {}}),
        ("POST", f"/workflows/{workflow}/rerun/{execution}?userId={user}", None),
        ("PUT", f"/workflows/{workflow}/upgrade?userId={user}", None),
        ("PUT", "/workflows/deactivate", {"userId": user, "workflowId": workflow}),
        ("PUT", "/workflows/activate", {"userId": user, "workflowId": workflow}),
        ("PUT", f"/users/{user}/deactivate-workflows", None),
        ("DELETE", f"/workflows/{workflow}?userId={user}", None),
        ("DELETE", f"/users/{user}/logs", None),
        ("DELETE", f"/users/{user}", None),
    ]:
        reply = await call(method, path, body)
        assert reply.status == 200, (path, reply.body)
    assert {request.operation for request in call.sandbox.requests} == set(load_contract("alloy").operations)
    writes = {request.number for request in call.sandbox.requests if request.method != "GET"}
    assert {effect.request for effect in call.sandbox.ledger} == writes
