"""The users of a Smooch app as a directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..core.auth import hash_with_key
from ..core.errors import Conflict, NotFound
from ..directory import Capabilities, EntryRule, Outcome, UserRecord
from ..directory.adapter import Adapter
from ..directory.record import fold
from ..directory.user_differences import refuse_answer_about_another
from . import models
from .client import AsyncSmooch


class SmoochDirectory(Adapter[AsyncSmooch]):
    """The users of one app, by the app maker's own id of each, which is the username here.

    Smooch has no call that lists them. A second user with the same id is refused. Free attributes are `properties`.

    Args:
        client: whose credential and limits apply; it stays yours to close. The token's scope is "app" or "account".
        app_id: the app.
    """

    name = "Smooch"
    capabilities: Capabilities = Capabilities(
        abilities=frozenset({"find", "create", "update", "delete"}),
        key="username",
        key_is_unique=True,
        carries=("username", "email", "given_name", "family_name", "attributes"),
        # None is documented; it is what a segment of a path can be sure to carry.
        max_length={"username": 255},
        forms={
            "attributes": EntryRule(
                lambda value: not isinstance(value, Mapping | list | tuple), "holds a list or an object"
            )
        },
    )

    def __init__(self, client: AsyncSmooch, *, app_id: str) -> None:
        super().__init__(client)
        self.app_id = app_id

    async def fingerprint_account(self, salt: bytes) -> str:
        """Hash the id of the app: its tokens lapse, and are others each time."""
        return hash_with_key(self.app_id, salt)

    async def _find_candidates(self, key: str) -> Sequence[UserRecord]:
        """Call GET /v1/apps/{appId}/appusers/{userId}, which takes the app maker's id and Smooch's own.

        Nobody can be listed, so who is not found is asked for once more in the form in which keys are compared.
        """
        for form in dict.fromkeys((key, fold(key))):
            try:
                user = (await self.client.get_app_user(self.app_id, form)).app_user
            except NotFound:
                continue
            refuse_answer_about_another([key], [user.id, user.user_id] if user else [])
            return [] if user is None else [_to_record(user)]
        return []

    async def _create_many(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        return await self._call_for_each(
            self._create_one, records, self._get_keys_of_records(records), changes=True
        )

    async def _create_one(self, record: UserRecord) -> Outcome:
        """Call POST /v1/apps/{appId}/appusers."""
        user = models.AppUserPreCreate(
            record.username,
            given_name=record.given_name,
            surname=record.family_name,
            email=record.email,
            properties=record.attributes or None,
        )
        try:
            made = (await self.client.pre_create_app_user(self.app_id, user)).app_user or models.AppUser()
        except Conflict:
            return Outcome(record.username, "exists")
        refuse_answer_about_another([record.username], [made.user_id], made.id)
        return Outcome(record.username, "created", remote_id=made.id)

    async def _update_one(self, record: UserRecord) -> Outcome:
        """Call PUT /v1/apps/{appId}/appusers/{userId}."""
        changes = models.AppUserUpdate(
            given_name=record.given_name,
            surname=record.family_name,
            email=record.email,
            properties=record.attributes or None,
        )
        user = (
            await self.client.update_app_user(self.app_id, record.remote_id or record.username, changes)
        ).app_user
        meant = [record.remote_id, record.username]
        refuse_answer_about_another(meant, [user.id, user.user_id] if user else [])
        return Outcome(record.username, "updated", remote_id=user.id if user else None)

    async def _delete_one(self, key: str) -> Outcome:
        """Call DELETE /v1/apps/{appId}/appusers/{userId}."""
        await self.client.delete_app_user(self.app_id, key)
        return Outcome(key, "deleted")


def _to_record(user: models.AppUser) -> UserRecord:
    return UserRecord(
        username=user.user_id or user.id or "",
        email=user.email,
        given_name=user.given_name,
        family_name=user.surname,
        external_id=user.id,
        remote_id=user.id or user.user_id,
        attributes=user.properties or {},
    )
