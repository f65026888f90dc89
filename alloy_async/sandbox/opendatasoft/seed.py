"""Who is in an emulated portal at the start."""

from __future__ import annotations

import random
from collections.abc import Callable

from ..invented_people import invent_people
from .state import ADMINISTRATION, Portal, User


def add_people(portal: Portal, count: int, rng: random.Random, now: Callable[..., str]) -> None:
    """Add `count` invented people, in groups by turns; the first one is the administrator."""
    for position, person in enumerate(invent_people(count, rng)):
        names = {"first_name": person.given, "last_name": person.family}
        user = User(
            person.email.partition("@")[0],
            now(days_ago=300 - position),
            {**names, "email": person.email},
            groups=["editors", "readers"][position % 3 : position % 3 + 1],
            last_seen_at=now(days_ago=position),
        )
        if position == 0:
            user.members["permissions"] = [ADMINISTRATION]
        portal.users[user.username] = user
