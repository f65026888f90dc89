"""The users of an Agilicus organisation as a directory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TypeGuard

import attrs

from ..core.auth import hash_with_key
from ..core.errors import AlloyAsyncError, Conflict, NotFound
from ..directory import Capabilities, EntryRule, Outcome, UserRecord
from ..directory.adapter import Adapter
from ..directory.user_differences import UNSAID, find_changes, refuse_answer_about_another
from . import models
from .client import AsyncAgilicus
from .operations import ListUsers


class AgilicusDirectory(Adapter[AsyncAgilicus]):
    """The users of one organisation; its groups and service accounts are left out.

    People go by their email; a second user with the same one is refused. A role is written `application:role`. To delete a
    user takes it out of this organisation only.

    Args:
        client: whose credential and limits apply; it stays yours to close.
        org_id: the organisation.
    """

    name = "Agilicus"
    capabilities: Capabilities = Capabilities(
        abilities=frozenset({"find", "list", "create", "update", "delete"}),
        key="email",
        key_is_unique=True,
        sought_by=("email", "username"),
        finds="caseless",
        carries=("email", "given_name", "family_name", "external_id", "active", "roles", "attributes"),
        max_length={"email": 100, "given_name": 100, "family_name": 100, "external_id": 100},
        forms={
            "roles": EntryRule(lambda role: all(role.partition(":")), "a role is written application:role")
        },
        because={
            "username": "people go by their email",
            "full_name": "it is made of given and family name",
            "groups": "a user's groups are told, and set elsewhere",
        },
    )

    def __init__(self, client: AsyncAgilicus, *, org_id: str) -> None:
        super().__init__(client)
        self.org_id = org_id

    async def fingerprint_account(self, salt: bytes) -> str:
        """Hash the id of the organisation: its tokens lapse, and are others each time."""
        return hash_with_key(self.org_id, salt)

    async def _find_candidates(self, key: str) -> Sequence[UserRecord]:
        """Call GET /users for an email, by prefix, as that search alone ignores case; GET /users/{user_id} for an id."""
        if "@" in key:
            listing = ListUsers(org_id=self.org_id, type=["user"], prefix_email_search=key)
            return [_to_record(user) async for user in self.client.iterate(listing) if _is_person(user)]
        try:
            user = await self._get_user_of_id(key)
        except NotFound:
            return []
        return [_to_record(user)] if _is_person(user) else []

    async def _get_user_of_id(self, user_id: str) -> models.User:
        user = await self.client.get_user(user_id, org_id=self.org_id)
        refuse_answer_about_another([user_id], [user.id])
        return user

    async def list(self) -> AsyncIterator[UserRecord]:
        """List every user of the organisation, by email (GET /users, page by page)."""
        async for user in self.client.iterate(ListUsers(org_id=self.org_id, type=["user"])):
            if _is_person(user):
                yield _to_record(user)

    async def _create_many(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        return await self._call_for_each(
            self._create_one, records, self._get_keys_of_records(records), changes=True
        )

    async def _create_one(self, record: UserRecord) -> Outcome:
        """Call POST /users, then PUT /users/{user_id}/roles where there are roles.

        Who has roles is looked for first: where the answer is lost, it is then known whose user is found, and given them.
        Somebody who is known from another organisation, or was in this one before, joins it with the values of then.
        """
        key, others = self.get_key(record), None
        if record.roles and (there := await self._await_marking_no_effect(self.find(key))):
            return Outcome(key, "exists", remote_id=there.remote_id)
        try:
            made = await self.client.create_user(_merge_record(models.User(org_id=self.org_id), record))
            refuse_answer_about_another([key], [made.email], made.id)
        except Conflict:
            return Outcome(key, "exists")
        except AlloyAsyncError as error:
            if not record.roles:
                raise
            remote_id = (await self._recover_created(error, lambda: self.find(key))).remote_id
        else:
            remote_id = made.id
            if kept := _list_differing_fields(record, made):
                others = f"is there as known from before, with another {' and '.join(kept)}; mode upsert changes that"
        try:
            if record.roles and remote_id:
                await self._give_roles(remote_id, record.roles)
        except AlloyAsyncError as error:
            return Outcome(key, "created", f"is there without its roles: {error}", remote_id)
        return Outcome(key, "created", others, remote_id)

    async def _update_one(self, record: UserRecord) -> Outcome:
        """Call PUT /users/{user_id}/roles, then GET and PUT /users/{user_id}; what changes in between is overwritten."""
        key = self.get_key(record)
        user_id = await self._find_id(record)
        if user_id is None:
            return Outcome(key, "invalid", "there is no user with this email in the organisation")
        if record.roles:
            await self._give_roles(user_id, record.roles)
        user = await self._await_marking_no_effect(self._get_user_of_id(user_id))
        await self.client.replace_user(user_id, _merge_record(user, record))
        return Outcome(key, "updated", remote_id=user_id)

    async def _delete_one(self, key: str) -> Outcome:
        """Call DELETE /v1/orgs/{org_id}/users/{user_id}."""
        user = await self._await_marking_no_effect(self.find(key))
        if user is None or user.remote_id is None:
            return Outcome(key, "deleted", "was not there")
        await self.client.delete_user(self.org_id, user.remote_id)
        return Outcome(key, "deleted", remote_id=user.remote_id)

    async def _give_roles(self, user_id: str, roles: Sequence[str]) -> None:
        named: models.Roles = {}
        for role in roles:
            application, _, name = role.partition(":")
            named.setdefault(application, []).append(name)
        await self.client.replace_user_role(user_id, self.org_id, models.ReplaceUserRoleRequest(named))


def _merge_record(user: models.User, record: UserRecord) -> models.User:
    """Merge in all that the record fills; the service makes the full name of the two others."""
    changed = attrs.evolve(
        user,
        email=user.email or record.email,
        first_name=record.given_name or user.first_name,
        last_name=record.family_name or user.last_name,
        full_name=None,
        external_id=record.external_id or user.external_id,
    )
    if record.active is not None:
        changed.status = "active" if record.active else "disabled"
        changed.enabled = record.active if user.enabled is not None else None
    if record.attributes:
        held = {
            one.name: one
            for one in (user.configured_attributes and user.configured_attributes.attributes) or ()
        }
        held |= {name: models.UserAttribute(name, value) for name, value in record.attributes.items()}
        changed.configured_attributes = models.UserAttributes([*held.values()])
    return changed


def _list_differing_fields(wanted: UserRecord, made: models.User) -> list[str]:
    """List the fields in which a new member of the organisation is otherwise than was asked for."""
    fields = ("given_name", "family_name", "external_id", "active", "attributes")
    changes = find_changes(wanted, _to_record(made), fields)
    return [name for name, (held, _) in changes.items() if held not in UNSAID]


def _to_record(user: models.User) -> UserRecord:
    configured = user.configured_attributes.attributes if user.configured_attributes else user.attributes
    return UserRecord(
        username=user.email or "",
        email=user.email,
        given_name=user.first_name,
        family_name=user.last_name,
        full_name=user.full_name,
        external_id=user.external_id,
        remote_id=user.id,
        active=user.enabled if user.status is None else user.status != "disabled",
        groups=tuple(name for group in user.member_of or () if (name := _get_name_of_group(group))),
        roles=tuple(
            f"{application}:{role}" for application, roles in (user.roles or {}).items() for role in roles
        ),
        attributes={one.name: one.value for one in configured or ()},
    )


def _is_person(user: models.User | models.Group) -> TypeGuard[models.User]:
    return not isinstance(user, models.Group) and user.type in (None, "user")


def _get_name_of_group(group: models.UserIdentity) -> str | None:
    return group.display_name or group.full_name or group.first_name or group.id
