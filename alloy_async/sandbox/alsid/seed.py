"""Who is in an emulated Tenable.ad installation at the start."""

from __future__ import annotations

import random
from typing import Any, Protocol

from ..invented_people import invent_people

PASSWORD = "Sandbox-Passw0rd"  # noqa: S105 (it opens nothing but a sandbox)
"""Of everybody who is there at the start."""


class AddUser(Protocol):
    def __call__(self, members: dict[str, Any], password: str, roles: list[int]) -> object: ...


def add_people(add_user: AddUser, count: int, rng: random.Random) -> None:
    """Add the administrator, then `count` invented people with the role of a user."""
    admin = {"name": "admin", "email": "admin@northwind.example", "active": True}
    add_user(admin, PASSWORD, roles=[1])
    for person in invent_people(count, rng):
        members = {
            "name": person.given,
            "surname": person.family,
            "email": person.email,
            "department": rng.choice(("IT", "Security", "Audit")),
            "active": True,
        }
        add_user(members, PASSWORD, roles=[2])
