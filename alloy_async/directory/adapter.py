"""What the adapters of all systems share: checks before sending, a few calls at a time, one outcome a record."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Generic, Self, TypeVar

import attrs

from ..core.client import AsyncClient
from ..core.client_base import ClientBase
from ..core.errors import AlloyAsyncError, ConfigurationError, InvalidRequest, NotFound
from ..core.hook_events import RateLimitedEvent, RetryEvent
from .call_withdrawal import CallWithdrawn, ask_unless_stopped
from .creation_exactly_once import create_once
from .error_policy import refuses_record
from .interface import AmbiguousKey, Capabilities
from .record import BatchOutcome, Outcome, UserRecord, fold
from .record_fit import Loss, find_faults, find_losses, fit_record
from .single_calls import SINGLE_CALLS, SingleCalls

ClientT = TypeVar("ClientT", bound=AsyncClient)
T = TypeVar("T")
Item = TypeVar("Item")
OutcomeT = TypeVar("OutcomeT", Outcome, BatchOutcome)


class Adapter(ABC, Generic[ClientT]):
    """Base of the five systems' adapters: a `Directory`, once a system has brought its calls.

    Args:
        client: whose credential and limits apply; it stays yours to close.
    """

    name: str
    capabilities: Capabilities

    def __init__(self, client: ClientT) -> None:
        given: object = client  # as it may be, whatever its type says
        if isinstance(given, ClientBase) and not isinstance(given, AsyncClient):
            name = type(given).__name__
            sync = "alloy_async.directory.sync and alloy_async.provisioning.sync"
            message = f"{type(self).__name__} takes an Async{name}, got {name}; without await, its functions are in {sync}"
            raise ConfigurationError(message)
        self.client: ClientT = client

    @property
    def base_url(self) -> str:
        """Where the client's service is."""
        return self.client.base_url

    def with_retry_hook(
        self,
        on_retry: Callable[[RetryEvent], None],
        on_limit: Callable[[RateLimitedEvent], None] | None = None,
    ) -> Self:
        """Make a copy that tells too of every call that is about to be made again."""
        other = copy.copy(self)
        other.client = self.client.with_retry_hook(on_retry, on_limit)
        return other

    async def fingerprint_account(self, salt: bytes) -> str:
        """Hash what tells this account of the service from others: here, the credential; see `Directory`."""
        return await self.client.fingerprint_credential(salt) or ""

    async def find_own_user(self) -> UserRecord | None:
        """Find the user whose credential this is; None, as here, where no call of the system tells that."""
        return None

    def get_key(self, record: UserRecord) -> str:
        """Get the record's natural key in this system; empty where it has none."""
        return getattr(record, self.capabilities.key) or ""

    def find_losses(self, record: UserRecord) -> tuple[Loss, ...]:
        """Find what of a record this system cannot carry; see `alloy_async.directory.find_losses`."""
        return find_losses(record, self.capabilities)

    async def find(self, key: str) -> UserRecord | None:
        """Find one user by any key that the system knows it by: username, email or id, in any case and Unicode form.

        Returns:
            The user; None when there is none.

        Raises:
            AmbiguousKey: the key means two users.
        """
        folded, can = fold(key), self.capabilities
        found = {
            user.remote_id: user
            for user in await self._find_candidates(key)
            if folded in can.list_known_keys(user)
        }
        if len(found) > 1:
            raise AmbiguousKey(key, [*found.values()], can)
        return next(iter(found.values()), None)

    def list(self) -> AsyncIterator[UserRecord]:
        """List every user, as a stream.

        Raises:
            InvalidRequest: the system has no call for that.
        """
        raise InvalidRequest(f"{self.name} cannot list its users; ask for one by its key")

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Create users; one that is there stays as it is.

        What the system cannot carry is left out: `find_losses` tells it before.

        Args:
            records: any number; `capabilities.batch_size` at a time is best.

        Returns:
            One outcome a record, in order.

        Raises:
            AlloyAsyncError: no record could be tried, and nothing happened.
        """
        return await self._send_valid(records, self.capabilities.needs, self._create_in_batches)

    async def create_once(self, record: UserRecord) -> Outcome:
        """Create one user; where the answer is lost, look the user up before giving up, as the function `create_once` does."""
        return await create_once(self, record)

    async def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Change existing users, found by `remote_id` or else by natural key; fields that a record leaves open stay."""
        return await self._send_valid(
            records,
            (),
            lambda good: self._call_for_each(
                self._update_one, good, self._get_keys_of_records(good), changes=True
            ),
        )

    async def delete(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Delete users by any key, as for `find`; one that is not there counts as deleted."""

        async def deleted(key: str) -> Outcome:
            try:
                return await self._delete_one(key)
            except NotFound:
                return Outcome(key, "deleted", "was not there")

        return await self._call_for_each(deleted, keys, keys, changes=True)

    async def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
        """Take one of `capabilities.offboarding` for users; the one step here is to delete them."""
        if step not in self.capabilities.offboarding:
            raise InvalidRequest(
                f"{self.name} has no step {step!r}: {', '.join(self.capabilities.offboarding)}"
            )
        done = await self.delete(keys)
        return [
            Outcome(o.key, "done" if o.status == "deleted" else o.status, o.reason, o.remote_id) for o in done
        ]

    # what a system brings

    @abstractmethod
    async def _find_candidates(self, key: str) -> Sequence[UserRecord]:
        """Find every user that a key may mean; others may be among them."""

    @abstractmethod
    async def _create_many(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Create a batch of users; raise only where nothing happened."""

    @abstractmethod
    async def _update_one(self, record: UserRecord) -> Outcome:
        """Change a user."""

    @abstractmethod
    async def _delete_one(self, key: str) -> Outcome:
        """Delete a user, or raise NotFound."""

    # what they have in common

    async def _find_id(self, record: UserRecord) -> str | None:
        """Find the system's own id of the user that a record is about; a failure to ask has changed nothing."""
        if record.remote_id:
            return record.remote_id
        found = await self._await_marking_no_effect(self.find(self.get_key(record)))
        return None if found is None else found.remote_id

    def _get_keys_of_records(self, records: Sequence[UserRecord]) -> Sequence[str]:
        return [self.get_key(record) for record in records]

    async def _create_in_batches(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Create records, batch by batch."""
        outcomes: list[Outcome] = []
        size = max(self.capabilities.batch_size, SINGLE_CALLS)
        for start in range(0, len(records), size):
            batch = records[start : start + size]
            try:
                outcomes += await self._create_many(batch)
            except AlloyAsyncError as error:
                if not outcomes:
                    raise
                outcomes += [
                    self._create_error_outcome(key, error) for key in self._get_keys_of_records(batch)
                ]
        return [
            self._add_advice_on_lost_creation(outcome) if outcome.status == "unknown" else outcome
            for outcome in outcomes
        ]

    async def _send_valid(
        self,
        records: Sequence[UserRecord],
        needs: Sequence[str],
        send: Callable[[Sequence[UserRecord]], Awaitable[Sequence[Outcome]]],
    ) -> Sequence[Outcome]:
        """Send the records that can go in, as far as they are carried; the others are invalid at once."""
        can = self.capabilities
        seen: set[str] = set()
        reasons: dict[int, str] = {}
        for number, record in enumerate(records):
            keys = can.list_known_keys(record)
            found = find_faults(record, can, needs)
            # By any of these the system knows a user: of two who share one, both would be made, or one twice.
            found += [f"{key!r} comes twice in one call" for key in keys if key in seen]
            if found:
                reasons[number] = "; ".join(found)
            seen.update(keys)
        if not (reasons or can.forms):
            return await send(records)
        good = [fit_record(record, can) for number, record in enumerate(records) if number not in reasons]
        sent = iter(await send(good) if good else ())
        return [
            Outcome(self.get_key(record), "invalid", reasons[number]) if number in reasons else next(sent)
            for number, record in enumerate(records)
        ]

    async def _call_for_each(
        self,
        call: Callable[[Item], Awaitable[T]],
        items: Sequence[Item],
        keys: Sequence[str],
        *,
        changes: bool = False,
    ) -> Sequence[T | Outcome]:
        """Make one call an item, a few at a time: what each gives, in order, or the outcome of one that failed.

        Args:
            call: for one item.
            items: what to call it with.
            keys: the natural key of each item.
            changes: it changes something; see `SingleCalls`.

        Raises:
            AlloyAsyncError: every call failed for a reason that lies in no record, and nothing happened.
        """
        return await SingleCalls(self._create_error_outcome, changes=changes).make_calls(call, items, keys)

    async def _await_marking_no_effect(self, asking: Awaitable[T]) -> T:
        """Await the answer to a question; where there is none, nothing has happened."""
        try:
            return await asking
        except AlloyAsyncError as error:
            error.effect = "none"
            raise

    async def _recover_created(self, lost: AlloyAsyncError, look: Callable[[], Awaitable[T | None]]) -> T:
        """Look for the user whose creation has lost its answer; raises `lost` where that is in vain, or a stop came first."""
        try:
            found = await ask_unless_stopped(look) if lost.effect != "none" else None
        except (AlloyAsyncError, CallWithdrawn):
            found = None
        if found is None:
            raise lost
        return found

    def _create_error_outcome(self, key: str, error: AlloyAsyncError) -> Outcome:
        """Make the outcome of a record whose call failed."""
        if error.effect == "applied":
            # The server did it; unknown is only what came of it. "unknown ... (effect: applied)" would contradict itself.
            return Outcome(key, "unknown", f"{error.operation}: {error.message}")
        if error.effect == "unknown":
            return Outcome(key, "unknown", str(error))
        return Outcome(key, "invalid" if refuses_record(error) else "failed", str(error))

    def _add_advice_on_lost_creation(self, lost: OutcomeT) -> OutcomeT:
        """Complete the outcome of creations whose answer was lost with what to do next."""
        if self.capabilities.key_is_unique:
            same = f"a second user with the same {self.capabilities.key}"
            advice = f"running the job again is safe, as {self.name} refuses {same}"
        else:
            advice = f"look whether the user is there: {self.name} does not say that it refuses a second one"
        return attrs.evolve(lost, reason=f"{lost.reason}; {advice}")
