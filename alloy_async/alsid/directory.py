"""The users of a Tenable.ad installation (formerly Alsid) as a directory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence

from ..core.errors import AlloyAsyncError, Conflict, Forbidden, NotFound
from ..directory import Capabilities, EntryRule, Outcome, UserRecord
from ..directory.adapter import Adapter
from ..directory.record import fold
from ..directory.user_differences import refuse_answer_about_another
from . import models
from .client import AsyncAlsid
from .operations import ApiUsersGet


class AlsidDirectory(Adapter[AsyncAlsid]):
    """The users of one Tenable.ad installation.

    People log in with their email. A user can be had by id only, so a look-up by email reads the whole list
    (GET /api/users); one reading serves all records of a call. The vendor does not say that a second user with the same
    email is refused: so it is looked for before, and again where the answer to a creation was lost. Each user is a request
    of its own, as the vendor does not say either whether a list is created whole.

    A new user needs a given name and a password (12 characters or more, with lower and upper case, a digit and a special
    character), and is inactive unless `active` says otherwise.

    Args:
        client: whose credential and limits apply; it stays yours to close.
    """

    name = "Alsid"
    capabilities: Capabilities = Capabilities(
        abilities=frozenset({"find", "list", "create", "update", "delete"}),
        key="email",
        key_is_unique=False,
        sought_by=("email", "username"),
        finds="listing",
        carries=("email", "given_name", "family_name", "department", "active", "roles", "password"),
        max_length={},
        batch_size=100,
        needs=("email", "given_name", "password"),
        forms={"roles": EntryRule(re.compile("[0-9]{1,18}").fullmatch, "a role goes by its id, a number")},
        because={"username": "people go by their email"},
    )

    async def _find_candidates(self, key: str) -> Sequence[UserRecord]:
        """Call GET /api/users; told by the two keys, email and id."""
        return [_to_record(user) for user in await self.client.api_users_get()]

    async def find_own_user(self) -> UserRecord | None:
        """Call GET /api/users/whoami; None where that is not allowed."""
        try:
            own = await self.client.api_users_whoami_get()
        except (Forbidden, NotFound):
            return None
        return (
            None
            if own.id is None
            else UserRecord(username=own.email or "", email=own.email, remote_id=str(own.id))
        )

    async def list(self) -> AsyncIterator[UserRecord]:
        """List every user, from one answer (GET /api/users)."""
        async for user in self.client.iterate(ApiUsersGet()):
            yield _to_record(user)

    async def _create_many(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        users = await self._await_marking_no_effect(self.client.api_users_get())
        there = {fold(user.email): user for user in users if user.email}

        async def create(record: UserRecord) -> Outcome:
            key = self.get_key(record)
            user = there.get(fold(key))
            return (
                Outcome(key, "exists", remote_id=_read_id_as_text(user))
                if user
                else await self._create_one(record)
            )

        return await self._call_for_each(create, records, self._get_keys_of_records(records), changes=True)

    async def _create_one(self, record: UserRecord) -> Outcome:
        """Call POST /api/users, then PUT /api/users/{id}/roles where there are roles."""
        key = self.get_key(record)
        try:
            made = await self.client.api_users_post([_to_body(record)])
            user = made[0] if made else models.User()
            refuse_answer_about_another([key], [user.email], user.id)
            remote_id = _read_id_as_text(user)
        except Conflict:
            return Outcome(key, "exists")
        except AlloyAsyncError as error:
            remote_id = (await self._recover_created(error, lambda: self.find(key))).remote_id
        try:
            if record.roles and remote_id:
                await self._give_roles(remote_id, record)
        except AlloyAsyncError as error:
            return Outcome(key, "created", f"is there without its roles: {error}", remote_id)
        return Outcome(key, "created", remote_id=remote_id)

    async def _update_one(self, record: UserRecord) -> Outcome:
        """Call PUT /api/users/{id}/roles and PATCH /api/users/{id}, as far as there is something to change."""
        key = self.get_key(record)
        user_id = await self._find_id(record)
        if user_id is None:
            return Outcome(key, "invalid", "there is no user with this email")
        if record.roles:
            await self._give_roles(user_id, record)
        changes = models.UsersIdBody(
            name=record.given_name,
            surname=record.family_name,
            department=record.department,
            active=record.active,
            password=record.password,
        )
        if changes != models.UsersIdBody():
            await self.client.api_users_id_patch(changes, user_id)
        return Outcome(key, "updated", remote_id=user_id)

    async def _delete_one(self, key: str) -> Outcome:
        """Call DELETE /api/users/{id}."""
        user = await self._await_marking_no_effect(self.find(key))
        if user is None or user.remote_id is None:
            return Outcome(key, "deleted", "was not there")
        try:
            await self.client.api_users_id_delete(user.remote_id)
        except Forbidden as error:  # this user: the key was good enough to find it
            return Outcome(key, "invalid", str(error), user.remote_id)
        return Outcome(key, "deleted", remote_id=user.remote_id)

    async def _give_roles(self, user_id: str, record: UserRecord) -> None:
        await self.client.api_users_id_roles_put(
            models.IdRolesBody([int(role) for role in record.roles]), user_id
        )


def _to_body(record: UserRecord) -> models.ApiUsersBody:
    return models.ApiUsersBody(
        name=record.given_name or "",
        email=record.email or "",
        password=record.password or "",
        surname=record.family_name,
        department=record.department,
        active=record.active,
    )


def _read_id_as_text(user: models.User) -> str | None:
    return None if user.id is None else str(user.id)


def _to_record(user: models.User) -> UserRecord:
    return UserRecord(
        username=user.email or "",
        email=user.email,
        given_name=user.name,
        family_name=user.surname,
        external_id=_read_id_as_text(user),
        remote_id=_read_id_as_text(user),
        active=user.active,
        roles=tuple(map(str, user.roles or ())),
        department=user.department,
    )
