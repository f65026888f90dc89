"""Look-ups in an emulated Tenable.ad installation, shared by its operations."""

from __future__ import annotations

import random
import re
from typing import Any, ClassVar

from ..credential_places import HeaderKey
from ..emulated_service import Authentication, Clock, EmulatedService
from ..messages import ApiCall, ApiError
from ..name_folding import fold
from .seed import add_people
from .state import ADMIN, MEMBERS, Installation, User


class AlsidServiceBase(EmulatedService):
    """An installation with people in it, and ways to find what a request names."""

    authenticate: ClassVar[Authentication] = HeaderKey("x-api-key")

    def __init__(self, rng: random.Random, clock: Clock, seed_users: int = 8) -> None:
        super().__init__(rng, clock)
        self.installation: Installation = Installation()
        add_people(self.add_user, seed_users, rng)

    def create_error_body(self, status: int, message: str) -> Any:
        return {"error": message}

    def add_user(self, members: dict[str, Any], password: str, roles: list[int]) -> User:
        known = {name: members.get(name) for name in MEMBERS}
        known["active"] = members.get("active", False)
        user = User(self.installation.next_id, password, known, roles)
        self.installation.next_id += 1
        self.installation.users[user.id] = user
        return user

    def find_user(self, call: ApiCall) -> User:
        given = call.path["id"]
        user = self.installation.users.get(int(given)) if re.fullmatch("[0-9]{1,18}", given) else None
        if user is None:
            raise ApiError(404, f"There is no user with the id {given!r}.")
        return user

    def find_by_email(self, email: str) -> User | None:
        users = self.installation.users.values()
        return next((user for user in users if fold(user.email) == fold(email)), None)

    def get_admin_as_caller(self) -> User:
        return self.installation.users[ADMIN]

    def check_email(self, email: str, of: User | None = None) -> None:
        if "@" not in email:
            raise ApiError(400, f"{email!r} is no email.")
        if self.find_by_email(email) not in (None, of):
            raise ApiError(409, f"A user with the email {email!r} exists.")

    def set_password(self, user: User, password: str) -> None:
        check_password(password)
        user.password = password
        self.record_change("updated", user.email)

    def end_sessions(self, user: User) -> None:
        sessions = self.installation.sessions
        for token in [token for token, owner in sessions.items() if owner == user.id]:
            del sessions[token]

    def create_token(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"


def check_password(password: str) -> None:
    """Check a password by the policy in the vendor's manual."""
    if len(password) < 12 or not all(
        re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]")
    ):
        raise ApiError(
            400,
            "A password has at least 12 characters, among them a lower and an upper case letter,"
            " a digit and a special character.",
        )
