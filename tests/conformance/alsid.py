"""Tenable.ad, formerly Alsid, through the users API of the vendor's pytenable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alloy_async.alsid import Alsid
from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.alsid.seed import PASSWORD

from .scenario import Scenario, Vendor, VendorCall, step

ZOE = "zoë+1@example.org"


@contextmanager
def connect(sandbox: Sandbox) -> Iterator[VendorCall]:
    from tenable.ie import TenableIE
    from tenable.ie.users.schema import UserInfoSchema, UserSchema

    with TenableIE(url=sandbox.url, api_key="key", retries=0) as platform:
        users = platform.users
        of_operation: dict[str, Callable[[Any, str], Any]] = {
            "api_users_get": lambda body, user_id: users.list(),
            "api_users_post": lambda body, user_id: users.create(**body[0]),
            "api_users_id_get": lambda body, user_id: users.details(user_id),
            "api_users_id_patch": lambda body, user_id: users.update(user_id, **body),
            "api_users_id_delete": lambda body, user_id: users.delete(user_id),
            "api_users_id_roles_put": lambda body, user_id: users.update_user_roles(user_id, **body),
            "api_users_whoami_get": lambda body, user_id: users.info(),
            "api_users_password_patch": lambda body, user_id: users.change_password(
                body["oldPassword"], body["newPassword"]
            ),
            "api_users_forgotten_password_post": lambda body, user_id: users.create_password(**body),
            "api_users_retrieve_password_post": lambda body, user_id: users.retrieve_password(
                body["token"], body["newPassword"]
            ),
        }

        def call(operation: str, values: Mapping[str, Any]) -> Any:
            answer = of_operation[operation](values.get("body"), values.get("id", ""))
            schema = UserInfoSchema() if operation == "api_users_whoami_get" else UserSchema()
            return answer and schema.dump(answer, many=isinstance(answer, list))

        yield call


def scenario(world: Any, folder: Path) -> Scenario:
    new = {
        "name": "Zoë",
        "surname": "Łuk",
        "email": ZOE,
        "password": "Correct-Horse-1 é",
        "department": "R&D / 100%",
        "biography": "",
        "active": True,
        "picture": [1, 2],
    }
    (zoe,) = yield step("api_users_post", body=[new])
    zoe_id = str(zoe["id"])
    yield step("api_users_get")
    yield step("api_users_id_get", id=zoe_id)
    changes = {**new, "name": "Zoé", "department": None, "password": "Better-Horse-2", "active": False}
    yield step("api_users_id_patch", body=changes, id=zoe_id)
    yield step("api_users_id_roles_put", body={"roles": [3, 1]}, id=zoe_id)
    yield step("api_users_whoami_get")
    passwords = {"oldPassword": PASSWORD, "newPassword": "Third-Horse-33 é"}
    yield step("api_users_password_patch", body=passwords)
    yield step("api_users_forgotten_password_post", body={"email": ZOE})
    ((_, token),) = world.installation.mails
    yield step("api_users_retrieve_password_post", body={"token": token, "newPassword": "Fourth-Horse-4"})
    yield step("api_users_id_delete", id=zoe_id)


VENDOR = Vendor(
    system="alsid",
    package="pytenable",
    module="tenable.ie",
    connect=connect,
    ours=lambda sandbox: Alsid("key", base_url=sandbox.url),
    scenario=scenario,
    remarks=("The package creates one user at a time, so the array of `api_users_post` holds one.",),
)
