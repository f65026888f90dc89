"""The five directories under test: how each is reached in its sandbox, and a person that fills all it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from alloy_async import AsyncAgilicus, AsyncAlloy, AsyncAlsid, AsyncOpendatasoft, AsyncSmooch
from alloy_async.agilicus.directory import AgilicusDirectory
from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.alsid.directory import AlsidDirectory
from alloy_async.directory import UserRecord
from alloy_async.directory.adapter import Adapter
from alloy_async.opendatasoft.directory import OpendatasoftDirectory
from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.opendatasoft.service import IDENTITY_PROVIDER
from alloy_async.sandbox.smooch.service import APP_ID, KEY_ID, SECRET
from alloy_async.smooch.directory import SmoochDirectory

PASSWORD = "Correct-H0rse-battery"
MAIL = "northwind.example"


@attrs.frozen
class Case:
    """One directory.

    Args:
        system: as the sandbox calls it.
        create: the operation that creates.
        change: the operation that changes.
        connect: makes the directory from the sandbox and options of its client.
        carried: what of a person the system keeps, besides the names and the email.
        refused: options of the client for a credential that is refused.
        question: the operation that asks whom a removal concerns; None where the key itself is the address.
        place: the directory's attribute that says where its users are, where a credential does not tell its account.
    """

    system: str
    create: str
    change: str
    connect: Callable[..., Adapter[Any]]
    carried: Mapping[str, Any]
    refused: Mapping[str, Any] = {"api_key": "wrong"}
    question: str | None = None
    place: str | None = None
    name: str = attrs.field()

    @name.default
    def _system(self) -> str:
        return self.system

    def sandbox(self) -> Sandbox:
        return Sandbox(self.system, seed_users=3)

    def person(self, name: str) -> UserRecord:
        """Somebody who fills every field that the system carries, and no other one."""
        base = {
            "username": self.key(name),
            "email": f"{name}@{MAIL}",
            "given_name": name.title(),
            "family_name": "Quist",
            "full_name": f"{name.title()} Quist",
        }
        return UserRecord(**{**base, **self.carried})

    def key(self, name: str) -> str:
        return name if self.system in ("alloy", "opendatasoft", "smooch") else f"{name}@{MAIL}"


def _alloy(sandbox: Sandbox, **options: Any) -> AlloyDirectory:
    return AlloyDirectory(AsyncAlloy(**{"api_key": "key", "base_url": sandbox.url, **options}))


def _alsid(sandbox: Sandbox, **options: Any) -> AlsidDirectory:
    return AlsidDirectory(AsyncAlsid(**{"api_key": "key", "base_url": sandbox.url, **options}))


def _inviting(sandbox: Sandbox, **options: Any) -> OpendatasoftDirectory:
    return OpendatasoftDirectory(AsyncOpendatasoft(**{"api_key": "key", "base_url": sandbox.url, **options}))


def _provisioning(sandbox: Sandbox, **options: Any) -> OpendatasoftDirectory:
    client = AsyncOpendatasoft(**{"api_key": "key", "base_url": sandbox.url, **options})
    return OpendatasoftDirectory(client, identity_provider=IDENTITY_PROVIDER)


def _smooch(sandbox: Sandbox, **options: Any) -> SmoochDirectory:
    client = AsyncSmooch(**{"key_id": KEY_ID, "secret": SECRET, "base_url": sandbox.url, **options})
    return SmoochDirectory(client, app_id=APP_ID)


def _agilicus(sandbox: Sandbox, **options: Any) -> AgilicusDirectory:
    client = AsyncAgilicus(**{"token": "key", "base_url": sandbox.url, **options})
    return AgilicusDirectory(client, org_id=organisation(sandbox))


def organisation(sandbox: Sandbox) -> str:
    """The first organisation of an Agilicus sandbox."""
    world: Any = sandbox.service
    return str(next(iter(world.tenant.orgs)))


CASES = (
    Case("alloy", "batch_create_users", "update_a_user", _alloy, {"email": None}),
    Case(
        "alsid",
        "api_users_post",
        "api_users_id_patch",
        _alsid,
        {"department": "IT", "active": True, "roles": ("2", "3"), "password": PASSWORD},
        question="api_users_get",
    ),
    Case(
        "opendatasoft",
        "invite_users",
        "update_user",
        _inviting,
        {"groups": ("readers",)},
        question="get_user",
    ),
    Case(
        "opendatasoft",
        "provision_users",
        "update_user",
        _provisioning,
        {"groups": ("readers",), "attributes": {"desk": "4"}},
        question="get_user",
        name="opendatasoft provisioning",
    ),
    Case(
        "smooch",
        "pre_create_app_user",
        "update_app_user",
        _smooch,
        {"attributes": {"desk": "4"}},
        refused={"secret": "wrong"},
        place="app_id",
    ),
    Case(
        "agilicus",
        "create_user",
        "replace_user",
        _agilicus,
        {
            "external_id": "007",
            "active": False,
            "roles": ("crm:editor", "wiki:viewer"),
            "attributes": {"desk": "4"},
        },
        refused={"token": "wrong"},
        question="list_users",
        place="org_id",
    ),
)
