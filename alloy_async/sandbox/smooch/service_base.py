"""Look-ups in an emulated Smooch app, shared by its operations, and who may touch it."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from ..credential_places import HeaderKey
from ..emulated_service import Clock, EmulatedService
from ..invented_people import invent_people
from ..messages import ApiCall, ApiError, Reply
from ..name_folding import FoldedDict
from .state import DeviceClient, Message, User
from .tokens import read_unverified_claims, verify_token

PROFILE = ("givenName", "surname", "email", "signedUpAt")


class SmoochServiceBase(EmulatedService):
    """One Smooch app with people in it. Each look-up raises ApiError (404) for what is not there.

    Attributes:
        users: by Smooch's id.
        id_of: Smooch's id of each userId.
        integrations: the type of each, by id.
        messages: by conversation id, in order.
        auth_codes: the id of the user that each lets in.
    """

    _bearer = HeaderKey("Authorization", scheme="bearer")

    def __init__(
        self, rng: random.Random, clock: Clock, seed_users: int, app_id: str, secrets: Mapping[str, str]
    ) -> None:
        super().__init__(rng, clock)
        self.app_id = app_id
        self.secrets = secrets
        self.users: dict[str, User] = {}
        self.id_of: FoldedDict[str] = FoldedDict()
        self.messages: dict[str, list[Message]] = {}
        self.auth_codes: dict[str, str] = {}
        kinds = ("twilio", "messagebird", "messenger", "mailgun", "telegram", "viber")
        self.integrations: dict[str, str] = {self.create_id(): kind for kind in kinds}
        for n, person in enumerate(invent_people(seed_users, rng)):
            user = self.add_user(person.email)
            user.profile = {"givenName": person.given, "surname": person.family, "email": person.email}
            if n == 0:
                user.clients = [
                    DeviceClient(
                        self.create_id(),
                        "mailgun",
                        self.find_integration_id_by_type("mailgun"),
                        ("address", person.email),
                    )
                ]
            if n < 2:
                user.business_systems = [
                    {"type": "slack", "channelId": f"C{rng.randrange(10**8):08}"},
                    {"type": "hipchat", "roomId": rng.randrange(10**6)},
                ]

    def authenticate(  # pyright: ignore[reportIncompatibleVariableOverride] (a method will do)
        self, headers: Mapping[str, str], query: list[tuple[str, str]], keys: Collection[str] | None
    ) -> str:
        token = self._bearer(headers, query, None)
        if keys is not None:
            verify_token(token, self.secrets, self.clock)
        return token

    def handle(self, call: ApiCall) -> Reply:
        try:
            self._authorize(call)
        except ApiError as error:
            return self.reply_to_error(error)
        return super().handle(call)

    def _authorize(self, call: ApiCall) -> None:
        claims = read_unverified_claims(call.credential)
        if call.path["appId"] != self.app_id:
            if claims.get("scope") == "account":
                raise ApiError(404, f"There is no app {call.path['appId']!r} in this account.")
            raise ApiError(403, f"The token is not for the app {call.path['appId']!r}.")
        if claims.get("scope") == "appUser":
            if "userId" not in call.path:
                raise ApiError(403, f"{call.operation} needs a token of scope 'app'.")
            if self.find_user(call.path["userId"]).user_id != claims["userId"]:
                raise ApiError(403, "The token is for another user.")

    def create_error_body(self, status: int, message: str) -> Any:
        code = HTTPStatus(status).phrase.lower().replace(" ", "_")
        return {"error": {"code": code, "description": message}}

    def create_credential_arguments(self, key: str) -> dict[str, str]:
        key_id, secret = next(iter(self.secrets.items()))
        return {"key_id": key_id, "secret": secret}

    def get_place_arguments(self) -> dict[str, str]:
        return {"app_id": self.app_id}

    def create_id(self) -> str:
        return f"{self.rng.getrandbits(96):024x}"

    def add_user(self, user_id: str) -> User:
        user = User(self.create_id(), user_id, self.format_now())
        self.users[user.id] = user
        self.id_of[user_id] = user.id
        return user

    def find_user(self, name: str) -> User:
        """Find the user with an id of either kind."""
        user = self.users.get(self.id_of.get(name, name))
        if user is None:
            raise ApiError(404, f"There is no user with the smoochId or userId {name!r}.")
        return user

    def find_integration_id_by_type(self, kind: str) -> str:
        """Find the id of the first integration of a type."""
        for integration_id, existing in self.integrations.items():
            if existing == kind:
                return integration_id
        raise ApiError(400, f"The app has no integration of type {kind!r}.")
