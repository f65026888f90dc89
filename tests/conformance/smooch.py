"""Smooch, through the vendor's smooch package, version 5.34."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt

from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.smooch.service import APP_ID, KEY_ID, SECRET
from alloy_async.smooch import Smooch

from .scenario import Scenario, Step, Vendor, VendorCall, step

ZOE = "zoë/łuk+1@example.org & co: 100%41 #1"
TOKEN = jwt.encode({"scope": "app"}, SECRET, "HS256", {"kid": KEY_ID})
BODIES = {
    "app_user_pre_create_body": "AppUserPreCreate",
    "app_user_update_body": "AppUserUpdate",
    "app_user_link_body": "AppUserLink",
}
"""The package's model of each argument that is a body."""


@contextmanager
def connect(sandbox: Sandbox) -> Iterator[VendorCall]:
    import smooch

    configuration = smooch.Configuration()  # the only one there is
    configuration.api_key["Authorization"] = TOKEN
    configuration.api_key_prefix["Authorization"] = "Bearer"
    client = smooch.ApiClient(host=sandbox.url)
    api = smooch.AppUserApi(client)

    def call(operation: str, values: Mapping[str, Any]) -> Any:
        arguments = {
            name: client.deserialize(SimpleNamespace(data=json.dumps(value)), BODIES[name])
            if name in BODIES
            else value
            for name, value in values.items()
        }
        return client.sanitize_for_serialization(getattr(api, operation)(**arguments))

    try:
        yield call
    finally:
        client.rest_client.pool_manager.clear()
        configuration.api_key.clear()
        configuration.api_key_prefix.clear()


def scenario(world: Any, folder: Path) -> Scenario:
    both = {"app_id": APP_ID, "user_id": ZOE}
    profile = {
        "givenName": "Zoë",
        "surname": "Łuk",
        "email": "zoe+1@example.org",
        "signedUpAt": "2024-01-02T03:04:05Z",
        "properties": {"plan": "é & /", "seats": 1, "paid": False, "none": None},
    }
    yield step("pre_create_app_user", app_id=APP_ID, app_user_pre_create_body={"userId": ZOE, **profile})
    yield step("get_app_user", **both)
    yield step("update_app_user", **both, app_user_update_body={**profile, "givenName": ""})
    yield from _channels(world, both)
    for name, note in [("dot.png", ""), ("point é.png", "a filename beyond ASCII"), ("scan", "no extension")]:
        image = folder / name
        image.write_bytes(b"\x89PNG\r\n\x1a\n--x\r\n" + bytes(range(256)))
        yield Step("post_image_message", {**both, "source": str(image), "role": "appMaker"}, note)
    yield step("get_app_user_auth_code", **both)
    seeded = next(iter(world.users.values())).user_id
    yield step("get_app_user_business_system_ids", app_id=APP_ID, user_id=seeded)
    yield step("delete_app_user_profile", **both)
    yield step("delete_app_user", **both)


def _channels(world: Any, both: Mapping[str, str]) -> Scenario:
    ids = {kind: integration for integration, kind in world.integrations.items()}
    by_phone = {
        "type": "twilio",
        "integrationId": ids["twilio"],
        "phoneNumber": "+1 555 0100",
        "givenName": "Zoë",
        "surname": "Łuk",
        "confirmation": {"type": "immediate"},
    }
    yield step("link_app_user", **both, app_user_link_body=by_phone)
    message = {"role": "appMaker", "type": "text", "text": "Is it you? é & /"}
    by_mail = {
        "type": "mailgun",
        "address": "zoe+1@example.org",
        "subject": "é",
        "confirmation": {"type": "prompt", "message": message},
    }
    yield Step("link_app_user", {**both, "app_user_link_body": by_mail}, "by mail, with a prompt")
    yield step("get_app_user_entity_ids", **both)
    yield step("get_link_requests", **both, integration_ids=[ids["telegram"], ids["viber"]])
    yield step("unlink_app_user", **both, channel="twilio")


VENDOR = Vendor(
    system="smooch",
    package="smooch",
    module="smooch",
    connect=connect,
    ours=lambda sandbox: Smooch(TOKEN, base_url=sandbox.url),
    scenario=scenario,
    remarks=("Both clients are given the same JSON Web Token.",),
)
