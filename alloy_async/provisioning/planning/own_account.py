"""The user whose credential a job is carried out with: no job takes that one's account or rights away.

With it gone, the job could not end, and perhaps nobody could put that right. Only a system that tells whom it takes us for can
be asked; see `Directory.find_own_user`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...directory import Directory, UserRecord

_WHOSE = "this is the account whose key is used here"


class OwnAccount:
    """The account whose credential is used, asked for once and only where somebody wants to know.

    Args:
        target: the directory.
    """

    def __init__(self, target: Directory) -> None:
        self._target = target
        self._is_known = False
        self.user: UserRecord | None = None
        """Who has the account; None where the system does not tell, or nobody has asked."""
        self.is_omitted: bool = False
        """Whether `omit` met it."""

    async def look_up(self) -> None:
        """Ask the system, unless that was done.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        if not self._is_known:
            self.user = await self._target.find_own_user()
            self._is_known = True

    def is_of(self, user: UserRecord) -> bool:
        """Tell whether the account is that of a user, as far as anybody knows."""
        return bool(self.user and self.user.remote_id and self.user.remote_id == user.remote_id)

    def omit(self, users: Iterable[UserRecord]) -> Iterator[UserRecord]:
        """Give all users but for the one whose account it is."""
        for user in users:
            if self.is_of(user):
                self.is_omitted = True
            else:
                yield user

    def explain_harm(self, held: UserRecord, wanted: UserRecord | None) -> str | None:
        """Explain why something must not be done to a user; None where it may.

        Args:
            held: as the user is.
            wanted: what is to be changed; None: the user is to be removed.
        """
        if not self.is_of(held):
            return None
        if wanted is None:
            return (
                f"{_WHOSE}, which stays: let another administrator remove it, or use the key of another one"
            )
        if wanted.active is False and held.active is not False:
            return f"{_WHOSE}, which stays active"
        if wanted.roles and (lost := sorted({*held.roles} - {*wanted.roles})):
            return f"{_WHOSE}, which keeps its roles ({', '.join(lost)})"
        return None
