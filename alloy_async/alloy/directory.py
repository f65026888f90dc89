"""Alloy's users as a directory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, ClassVar

import attrs
import orjson

from ..core.errors import AlloyAsyncError, NotFound
from ..core.operation.markers import Json
from ..core.operation.operation import ErrorModels, Operation
from ..directory import BatchOutcome, Capabilities, Outcome, RecordColumns, UserRecord
from ..directory.adapter import Adapter
from ..directory.call_withdrawal import CallWithdrawn, ask_unless_stopped
from ..directory.record_fit import may_go_in_one_call
from ..directory.user_differences import refuse_answer_about_another
from . import models
from .client import AsyncAlloy
from .operations import MAX_BATCH, BatchCreateUsers, ListAllUsers, ListUserCredentials

DISABLE_WORKFLOWS = "disable workflows"
DELETE_CREDENTIALS = "delete credentials"
DELETE_LOGS = "delete logs"
DELETE_USER = "delete the user"


@attrs.frozen(eq=False, repr=False)
class _BatchCreateEncoded(Operation["models.BatchResult"]):
    """`BatchCreateUsers` of users who were encoded before."""

    verb = BatchCreateUsers.verb
    route = BatchCreateUsers.route
    errors: ClassVar[ErrorModels] = BatchCreateUsers.errors
    users: Annotated[orjson.Fragment, Json("users")]


_BatchCreateEncoded.name = BatchCreateUsers.name


class AlloyDirectory(Adapter[AsyncAlloy]):
    """The users of one Alloy account.

    Alloy knows a user by username and keeps one more field, the full name. Users are created with
    `batch_create_users`, up to 1000 a call; the entries that come back in `invalidUsers` are told
    apart with `get_a_user`: one that is found was there before.

    Args:
        client: whose credential and limits apply; it stays yours to close.
    """

    name = "Alloy"
    # Alloy documents no lengths; 255 is what one segment of a path can be sure to carry.
    capabilities: Capabilities = Capabilities(
        abilities=frozenset({"find", "list", "create", "update", "delete"}),
        key="username",
        key_is_unique=True,
        carries=("username", "full_name", "given_name", "family_name"),
        max_length={"username": 255, "full_name": 255},
        batch_size=MAX_BATCH,
        shows=("username", "full_name"),
        sought_by=("username", "email"),  # many use emails as usernames
        offboarding=(DISABLE_WORKFLOWS, DELETE_CREDENTIALS, DELETE_LOGS, DELETE_USER),
    )

    async def _find_candidates(self, key: str) -> Sequence[UserRecord]:
        """Call GET /users/{userId}, which takes a username as well."""
        try:
            return [_to_record(await self._get_user_of_key(key))]
        except NotFound:
            return []

    async def list(self) -> AsyncIterator[UserRecord]:
        """List every user of the account (GET /users)."""
        async for user in self.client.iterate(ListAllUsers()):
            yield _to_record(user)

    async def _create_many(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Call POST /users/batch, and a look at each user that it refused."""
        users = [models.NewUser(record.username, record.display_name) for record in records]
        keys = [record.username for record in records]
        return (await self._create_batch(BatchCreateUsers(users), keys)).list_outcomes(keys)

    def encode_batch(self, users: RecordColumns) -> bytes | None:
        """Encode the users of one POST /users/batch; see `EncodingDirectory`."""
        if not may_go_in_one_call(users, self.capabilities):
            return None
        named = zip(users.get("username"), _list_display_names(users), strict=True)
        entries = [
            {"username": username, "fullName": full_name} if full_name else {"username": username}
            for username, full_name in named
        ]
        try:
            return orjson.dumps(entries)
        except orjson.JSONEncodeError:  # a lone surrogate: sent as records, they tell in whom
            return None

    def decode_batch(self, body: bytes) -> RecordColumns:
        """Decode the users of one POST /users/batch; see `EncodingDirectory`."""
        entries = orjson.loads(body)
        fields = {"username": "username", "full_name": "fullName"}
        return RecordColumns(
            len(entries),
            {field: [entry.get(wire, "") for entry in entries] for field, wire in fields.items()},
        )

    async def create_encoded(self, body: bytes, keys: Sequence[str]) -> BatchOutcome:
        """Call POST /users/batch, and a look at each user that it refused; see `EncodingDirectory`."""
        outcome = await self._create_batch(_BatchCreateEncoded(orjson.Fragment(body)), keys)
        return self._add_advice_on_lost_creation(outcome) if outcome.status == "unknown" else outcome

    async def _create_batch(
        self, operation: Operation[models.BatchResult], keys: Sequence[str]
    ) -> BatchOutcome:
        try:
            result = await self.client.send(operation)
        except AlloyAsyncError as error:
            if error.effect == "none":
                raise
            lost = self._create_error_outcome("", error)
            return BatchOutcome(lost.status, lost.reason)
        if not result.invalid_users:
            if result.message is None and result.invalid_users is None:
                return BatchOutcome("unknown", "the answer does not tell what became of the users")
            return BatchOutcome("created")
        refused = _find_refused(keys, result.invalid_users)
        verdicts = {
            outcome.key: outcome
            for outcome in await self._call_for_each(self._find_outcome_of_refusal, refused, refused)
        }
        places = (place for place, key in enumerate(keys) if key in verdicts)
        return BatchOutcome("created", exceptions={place: verdicts[keys[place]] for place in places})

    async def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
        """Take one step for users; a step finds nothing left to do where it was taken before.

        In their order: PUT /users/{userId}/deactivate-workflows, DELETE /users/{userId}/credentials/{credentialId} for each of
        GET /users/{userId}/credentials, DELETE /users/{userId}/logs, DELETE /users/{userId}.
        """
        take = {
            DISABLE_WORKFLOWS: self.client.disable_all_workflows_for_a_user,
            DELETE_CREDENTIALS: self._delete_credentials,
            DELETE_LOGS: self.client.delete_logs_for_a_user,
            DELETE_USER: self.client.delete_a_user,
        }[step]

        async def taken(key: str) -> Outcome:
            try:
                # Asked first, since most steps take the id only.
                user = await self._await_marking_no_effect(self._get_user_of_key(key))
                await take(user.user_id or key)
            except NotFound:
                return Outcome(key, "done", "there was nothing left to do")
            return Outcome(key, "done", remote_id=user.user_id)

        return await self._call_for_each(taken, keys, keys, changes=True)

    async def _get_user_of_key(self, key: str) -> models.User:
        user = await self.client.get_a_user(key)
        refuse_answer_about_another([key], [user.user_id, user.username])
        return user

    async def _delete_credentials(self, user_id: str) -> None:
        async for credential in self.client.iterate(ListUserCredentials(user_id)):
            if credential.credential_id:
                with contextlib.suppress(NotFound):  # somebody else was quicker
                    await self.client.delete_a_credential(credential.credential_id, user_id)

    async def _find_outcome_of_refusal(self, username: str) -> Outcome:
        try:
            user = await ask_unless_stopped(lambda: self._get_user_of_key(username))
        except CallWithdrawn:  # it was refused, so that nothing has happened
            return Outcome(username, "withdrawn")
        except NotFound:
            return Outcome(username, "invalid", "Alloy refused this user and does not say why")
        except AlloyAsyncError as error:
            reason = f"Alloy refused this user, and asking whether it exists failed: {error}"
            return Outcome(username, "failed", reason)
        return Outcome(username, "exists", remote_id=user.user_id)

    async def _update_one(self, record: UserRecord) -> Outcome:
        """Call PUT /users/{userId}."""
        user = await self.client.update_a_user(
            record.remote_id or record.username, full_name=record.display_name
        )
        refuse_answer_about_another([record.remote_id, record.username], [user.user_id, user.username])
        return Outcome(record.username, "updated", remote_id=user.user_id)

    async def _delete_one(self, key: str) -> Outcome:
        """Call DELETE /users/{userId}."""
        await self.client.delete_a_user(key)
        return Outcome(key, "deleted")


def _to_record(user: models.User) -> UserRecord:
    return UserRecord(
        username=user.username or "",
        full_name=user.full_name,
        external_id=user.user_id,
        remote_id=user.user_id or user.username,
    )


def _list_display_names(users: RecordColumns) -> Sequence[str | None]:
    """List what `UserRecord.display_name` is of each."""
    full_names = users.get("full_name")
    if not {"given_name", "family_name"} & users.values.keys():
        return full_names
    parts = zip(users.get("given_name"), users.get("family_name"), strict=True)
    return [full or " ".join(filter(None, names)) for full, names in zip(full_names, parts, strict=True)]


def _find_refused(usernames: Sequence[str], entries: Sequence[models.InvalidUser]) -> Sequence[str]:
    """List the usernames that Alloy sent back; all, where it does not name them."""
    named = {entry.username for entry in entries}
    if named <= set(usernames):
        return [username for username in usernames if username in named]
    return usernames
