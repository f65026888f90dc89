"""Alloy Embedded, through the vendor's alloy-python-sdk-ai."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any, get_args, get_type_hints

from alloy_async.alloy import Alloy
from alloy_async.sandbox import Sandbox

from .scenario import Scenario, Step, Vendor, VendorCall, step

ZOE = "zoë łuk+1@example.org & co"
BAGS = ("request", "request_body")
"""Arguments of the package that hold what are single arguments here."""


@contextmanager
def connect(sandbox: Sandbox) -> Iterator[VendorCall]:
    import requests
    from alloypythonsdk import AlloyPythonSDK
    from alloypythonsdk.models.errors import SDKError

    with requests.Session() as session:
        sdk = AlloyPythonSDK("bearer key", server_url=sandbox.url, client=session)

        def call(operation: str, values: Mapping[str, Any]) -> Any:
            method = getattr(sdk, operation)
            try:
                answer = method(**_arguments(method, values))
            except SDKError:
                return None
            read = getattr(answer, "object", None)
            return read and read.to_dict()

        yield call


def _arguments(method: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The package's own arguments: what it takes in a bag is put into one."""
    taken = signature(method).parameters
    arguments = {name: value for name, value in values.items() if name in taken}
    rest = {name: value for name, value in values.items() if name not in taken}
    if rest:
        (bag,) = set(BAGS) & set(taken)
        kind = get_type_hints(method)[bag]
        arguments[bag] = _bag(next(iter(get_args(kind)), kind), rest)
    return arguments


def _bag(kind: Any, values: Mapping[str, Any]) -> Any:
    from alloypythonsdk.utils import unmarshal_json

    types = get_type_hints(kind)
    assert values.keys() <= {field.name for field in fields(kind)}
    made = {}
    for name, value in values.items():
        text = json.dumps(value)
        wants_text = str in (types[name], *get_args(types[name])) and not isinstance(value, str)
        made[name] = text if wants_text else unmarshal_json(text, types[name])
    return kind(**made)


def scenario(world: Any, folder: Path) -> Scenario:
    created = yield step("create_a_user", username=ZOE, full_name="Zoë Łuk")
    zoe = created["userId"]
    yield from _users()
    yield from _awkward_names()
    yield from _credentials(zoe)
    yield from _workflows()
    yield from _installation(zoe)
    yield step("delete_logs_for_a_user", user_id=zoe)
    yield step("disable_all_workflows_for_a_user", user_id=zoe)
    yield step("delete_a_user", user_id=ZOE)


def _users() -> Scenario:
    yield step("get_a_user", user_id=ZOE)
    yield step("update_a_user", user_id=ZOE, username=ZOE, full_name='"Z" <é>\n')
    yield step("generate_jwt_token", user_id=ZOE)
    users = [{"username": "ann@example.org", "fullName": "Ann"}, {"username": ZOE}]
    yield step("batch_create_users", users=users)
    yield step("list_all_users")


def _awkward_names() -> Scenario:
    for name, note in [("a/b", "a slash in the username"), ("50%41", "a percent sign in the username")]:
        yield Step("create_a_user", {"username": name}, note)
        yield Step("get_a_user", {"user_id": name}, note)


def _credentials(zoe: str) -> Scenario:
    yield step("list_apps")
    metadata = yield step("get_credential_metadata")
    keyed = next(app for app in metadata["data"] if not app["isOauth"])
    plain = next(app for app in metadata["data"] if app["isOauth"] and not app["properties"])
    yield step("credential_medata_by_app", app=keyed["name"])
    data = {prop["name"]: "é+ /" for prop in keyed["properties"]}
    credential = {"type": keyed["name"], "data": data}
    made = yield step("create_a_credential", credential=credential, user_id=zoe)
    yield step("list_user_credentials", user_id=zoe)
    yield step("delete_a_credential", credential_id=made["credentialId"], user_id=zoe)
    name = plain["name"]
    yield step("generate_oauth_link", user_id=ZOE, app=name, credential_name=name)


def _workflows() -> Scenario:
    people = (yield step("list_all_users"))["data"]
    users = [person["userId"] for person in people]
    listed = yield step("list_workflows", user_id=users[0], integration="crm sync")
    by_event = next(flow for flow in listed["data"] if flow.get("installed"))
    yield Step("list_all_users", {"parent_workflow_id": by_event["workflowId"]}, "of a workflow")
    both = {"user_id": users[0], "workflow_id": by_event["workflowId"]}
    yield step("find_a_workflow", **both)
    yield step("list_versions", **both)
    yield step("list_users_by_workflowid", workflow_id=by_event["workflowId"], user_id=users[0])
    yield step("upgrade_workflow", **both)
    yield step("deactivate_a_workflow", **both)
    named = {"user_id": users[0], "workflow_name": by_event["name"]}
    yield step("activate_a_workflow", **named)
    yield Step("deactivate_a_workflow", named, "by name")
    yield Step("activate_a_workflow", both, "by id")
    yield step("get_workflow_analytics", workflow_id=by_event["workflowId"])
    yield step("list_events")
    yield step("run_event", event="contact.created", user_id=users[0], data={"name": "Zoë", "n": [1, None]})
    logs = yield step("get_workflow_logs", **both, page=0, limit=2, order="asc")
    yield step("get_workflow_errors", **both)
    yield step("rerun_workfow", **both, execution_id=logs["data"][0]["executionId"])
    called = next(
        flow for flow in (yield step("list_workflows", user_id=users[3]))["data"] if flow.get("installed")
    )
    yield step("run_workflow", user_id=users[3], data={"level": 3}, workflow_name=called["name"])
    yield Step(
        "run_workflow", {"user_id": users[3], "data": {}, "workflow_id": called["workflowId"]}, "by id"
    )
    yield step("delete_workflow", **both)


def _installation(zoe: str) -> Scenario:
    integrations = yield step("list_integrations", user_id=ZOE)
    chosen = integrations["data"][0]
    yield step("get_an_integration", integration_id=chosen["app"], user_id=ZOE)
    yield step("generate_alloy_link", user_id=zoe, integration_id=chosen["integrationId"])
    flows = [flow["workflowId"] for flow in chosen["workflows"]]
    started = yield step(
        "start_installation",
        user_id=ZOE,
        integration_id=chosen["integrationId"],
        credential_ids=[],
        workflow_ids=flows,
    )
    blocks = [
        {
            "workflowId": block["workflowId"],
            "blockId": block["blockId"],
            "fields": [{"name": field["name"], "value": "é & #"} for field in block["fields"]],
        }
        for block in started["data"]
    ]
    yield step("complete_installation", installation_id=started["installationId"], data=blocks)


VENDOR = Vendor(
    system="alloy",
    package="alloy-python-sdk-ai",
    module="alloypythonsdk",
    connect=connect,
    ours=lambda sandbox: Alloy("key", base_url=sandbox.url),
    scenario=scenario,
    remarks=(
        "The package sends the key as it is given, so it is given `bearer KEY`; alloy_async adds the scheme to a bare key.",
        "Its default address ends in a slash, so that most of its requests have two in the path; here it is given the"
        " sandbox's address, which has none.",
    ),
)
