"""The users of an Opendatasoft portal as a directory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Sequence

import attrs

from ..core.errors import AlloyAsyncError, NotFound
from ..directory import Capabilities, Outcome, UserRecord
from ..directory.adapter import Adapter
from ..directory.record import fold
from ..directory.user_differences import refuse_answer_about_another
from . import models
from .client import AsyncOpendatasoft
from .operations import MAX_LIMIT, GetUsers

INVITING = Capabilities(
    abilities=frozenset({"find", "list", "create", "update", "delete"}),
    key="username",
    key_is_unique=False,
    identities=("username", "email"),
    finds="caseless",
    carries=("username", "email", "given_name", "family_name", "groups"),
    max_length={"username": 255},  # none is documented; it is what a segment of a path can be sure to carry
    batch_size=100,
    needs=("email",),
    because={
        "full_name": "it is made of given and family name",
        "active": "it is told, and set elsewhere",
        "roles": "there are groups, and no roles",
    },
)
PROVISIONING = attrs.evolve(
    INVITING,
    carries=(*INVITING.carries, "attributes"),
    shows=INVITING.shows,
    only_created=("attributes",),
    batch_size=1,
)


class OpendatasoftDirectory(Adapter[AsyncOpendatasoft]):
    """The users of one portal; groups go by their uid.

    New users are invited: each gets a mail. With `identity_provider` they are provisioned for it instead, one a call and
    without a mail, and free attributes go to it. The vendor does not say that a second user is refused: so each is looked
    for before, by username and email, and again where the answer was lost.

    A user is known by username; where a record has none, or a key is an email, by email.

    Args:
        client: whose credential and limits apply; it stays yours to close.
        identity_provider: the uid of the one that new users are to come from; None to invite them.
    """

    name = "Opendatasoft"
    capabilities: Capabilities = INVITING

    def __init__(self, client: AsyncOpendatasoft, *, identity_provider: str | None = None) -> None:
        super().__init__(client)
        self.identity_provider = identity_provider
        if identity_provider:
            self.capabilities = PROVISIONING

    def get_key(self, record: UserRecord) -> str:
        """Get the username; where there is none, the email."""
        return record.username or record.email or ""

    async def _find_candidates(self, key: str) -> Sequence[UserRecord]:
        """Call GET /users/{username}/; GET /users/?search= for an email, and for a username in other case."""
        found: list[models.User] = []
        with contextlib.suppress(NotFound):
            found.append(await self._get_user_of_key(key))
        # An email may be one user's name and another one's address: only who has both is known without a search.
        if not found or ("@" in key and fold(found[0].email or "") != fold(key)):
            found += [user async for user in self.client.iterate(GetUsers(search=key, limit=MAX_LIMIT))]
        return [_to_record(user) for user in found]

    async def _get_user_of_key(self, key: str) -> models.User:
        user = await self.client.get_user(key)
        refuse_answer_about_another([key], [user.username, user.email])
        return user

    async def list(self) -> AsyncIterator[UserRecord]:
        """List every user of the portal (GET /users/, 1000 a page)."""
        async for user in self.client.iterate(GetUsers(limit=MAX_LIMIT)):
            yield _to_record(user)

    async def _create_many(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        there = await self._call_for_each(self._find_existing, records, self._get_keys_of_records(records))
        new = [record for record, user in zip(records, there, strict=True) if user is None]
        made = iter(await self._invite_or_provision(new) if new else ())
        return [
            next(made)
            if user is None
            else Outcome(self.get_key(record), "exists", remote_id=user.remote_id)
            if isinstance(user, UserRecord)
            else user
            for record, user in zip(records, there, strict=True)
        ]

    async def _find_existing(self, record: UserRecord) -> UserRecord | None:
        user = await self._await_marking_no_effect(self.find(record.username)) if record.username else None
        return user or await self._await_marking_no_effect(self.find(record.email or ""))

    async def _invite_or_provision(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Call POST /users/invite/ for all, or POST /users/provision/ for each."""
        if self.identity_provider is None:
            return await self._send_and_read_verdicts(
                self.client.invite_users([_to_opendatasoft_user(record) for record in records]), records
            )

        async def provision(record: UserRecord) -> Outcome:
            request = _to_provision_request(record, self.identity_provider or "")
            (outcome,) = await self._send_and_read_verdicts(self.client.provision_users(request), [record])
            return outcome

        return await self._call_for_each(provision, records, self._get_keys_of_records(records), changes=True)

    async def _send_and_read_verdicts(
        self, sending: Awaitable[models.Verdicts], records: Sequence[UserRecord]
    ) -> Sequence[Outcome]:
        """Judge each record by its verdict; one without a verdict is looked for."""
        lost: AlloyAsyncError | None = None
        verdicts = models.Verdicts()
        try:
            verdicts = await sending
        except AlloyAsyncError as error:
            if error.effect == "none":
                raise
            lost = error

        async def outcome(number: int) -> Outcome:
            record, verdict = records[number], verdicts.in_order(records)[number]
            key = self.get_key(record)
            if verdict.ok:
                if (made := verdict.data) and (made.username or made.email):
                    refuse_answer_about_another([record.username, record.email], [made.username, made.email])
                return Outcome(key, "created", remote_id=verdict.data.username if verdict.data else None)
            if verdict.status_code is not None:
                return Outcome(key, "invalid", verdict.reason)
            unsaid = AlloyAsyncError(verdict.reason or "", effect="unknown")
            user = await self._recover_created(lost or unsaid, lambda: self.find(record.email or ""))
            return Outcome(key, "created", remote_id=user.remote_id)

        return await self._call_for_each(outcome, range(len(records)), self._get_keys_of_records(records))

    async def _update_one(self, record: UserRecord) -> Outcome:
        """Call GET and PUT /users/{username}/; what somebody changes in between is overwritten."""
        key = self.get_key(record)
        username = await self._find_id(record)
        if username is None:
            return Outcome(key, "invalid", "there is no user with this name or email")
        user = await self._await_marking_no_effect(self._get_user_of_key(username))
        said = attrs.asdict(
            _to_opendatasoft_user(record), recurse=False, filter=lambda _, value: value is not None
        )
        await self.client.update_user(username, attrs.evolve(user, **{**said, "username": username}))
        return Outcome(key, "updated", remote_id=username)

    async def _delete_one(self, key: str) -> Outcome:
        """Call DELETE /users/{username}/."""
        user = await self._await_marking_no_effect(self.find(key))
        if user is None or user.remote_id is None:
            return Outcome(key, "deleted", "was not there")
        await self.client.delete_user(user.remote_id)
        return Outcome(key, "deleted", remote_id=user.remote_id)


def _to_opendatasoft_user(record: UserRecord) -> models.User:
    return models.User(
        username=record.username or None,
        email=record.email,
        first_name=record.given_name,
        last_name=record.family_name,
        groups=[models.UserGroup(uid) for uid in record.groups] or None,
    )


def _to_provision_request(record: UserRecord, identity_provider: str) -> models.ProvisionUsersRequest:
    user = _to_opendatasoft_user(record)
    return models.ProvisionUsersRequest(
        email=record.email or "",
        identity_provider=models.ProvisionUsersRequestAllOfIdentityProvider(identity_provider),
        identity_provider_attributes=record.attributes or None,
        username=user.username,
        first_name=user.first_name,
        last_name=user.last_name,
        groups=user.groups,
    )


def _to_record(user: models.User) -> UserRecord:
    return UserRecord(
        username=user.username or "",
        email=user.email,
        given_name=user.first_name,
        family_name=user.last_name,
        full_name=user.display_name,
        active=user.is_active,
        groups=tuple(group.uid for group in user.groups or () if group.uid),
        remote_id=user.username,
    )
