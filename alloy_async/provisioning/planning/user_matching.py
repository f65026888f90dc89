"""Find the users whom the rows of a source mean, by any key that the system accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...directory import Capabilities
from ..async_helpers import run_in_thread
from ..checks.row_checks import CheckedRow
from ..sources.cell_values import trim_cell
from ..store.header import Mode
from .comparison import UserComparer
from .user_lookup import UserLookup, Users

_BETWEEN_CELLS = re.compile(r'[\r\n,;\t|"]+')


class UserMatcher:
    """Finds the users of rows, and says where nothing can be done with one, as it is not clear whom it means.

    Args:
        can: the system.
        comparer: how its users are compared.
        mode: what to do with each row.
        lookup: to ask the system.
    """

    def __init__(self, can: Capabilities, comparer: UserComparer, mode: Mode, lookup: UserLookup) -> None:
        self._can = can
        self._comparer = comparer
        self._mode = mode
        self._lookup = lookup

    async def find_users(self, part: Sequence[CheckedRow]) -> list[Users]:
        """Find the users that each row means, each once; nobody for a row with an error.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        sought = [self._list_sought_keys(one) for one in part]
        good = (keys for one, keys in zip(part, sought, strict=True) if not one.errors)
        matches = await self._lookup.find_matches([key for keys in good for key in keys])
        if self._mode != "create":
            await self._lookup.own_account.look_up()
        if self._mode == "sync":  # a row with an error names somebody all the same, who is not removed
            await run_in_thread(self._lookup.mark_wanted, [key for keys in sought for key in keys])
            await run_in_thread(self._note_mentions_in_multiline_cells, part)
        return [self._join_matches(keys, matches) for keys in sought]

    def _note_mentions_in_multiline_cells(self, part: Sequence[CheckedRow]) -> None:
        """Note who stands in cells of several lines: a closing quote that is missing makes one cell of many people's rows."""
        for one in part:
            for cell in one.row.cells:
                if isinstance(cell, str) and ("\n" in cell or "\r" in cell):
                    names = {*map(trim_cell, _BETWEEN_CELLS.split(cell))} - {""}
                    if self._can.key != "username":  # a number is rather anything else than somebody's id
                        names = {name for name in names if not name.isdecimal()}
                    self._lookup.note_mentions_in_multiline_cells(one.row.line, names)

    def explain_refusal(self, one: CheckedRow, there: Users) -> str | None:
        """Explain why nothing is done with a row, from whom it means; None where that is one user that no other row means."""
        if len(there) > 1:
            names = " and ".join(self._can.format_users(there))
            return f"means {len(there)} users there: {names}; tell them apart, or make them one, before anything is changed"
        if not there and self._mode in ("upsert", "sync") and self._can.key == "email" and "@" not in one.key:
            return f"{one.key!r} is not an e-mail address, and nobody there has it as an id"
        if not there or self._mode == "create":
            return None
        held, key = there[0], self._can.key
        known = self._comparer.get_key(held)
        if self._mode != "offboard" and self._comparer.fold(one.key) not in self._can.list_known_keys(held):
            return f"is there as {known!r}, and a {key} cannot be changed: correct it here, or there"
        wanted = None if self._mode == "offboard" else one.row.record
        if harm := self._lookup.own_account.explain_harm(held, wanted):
            return harm
        first = self._lookup.claim_user(held, one.key, one.row.line)
        return (
            None
            if first is None
            else f"means the same user as line {first}: {known!r}; remove one of the two rows"
        )

    def _list_sought_keys(self, one: CheckedRow) -> tuple[str, ...]:
        return self._can.list_sought_keys(one.row.record, one.key) if one.row.record is not None else ()

    def _join_matches(self, keys: Sequence[str], matches: Mapping[str, Users]) -> Users:
        fold, get_key = self._comparer.fold, self._comparer.get_key
        found = [user for key in keys for user in matches.get(fold(key), ())]
        return tuple({user.remote_id or get_key(user): user for user in found}.values())
