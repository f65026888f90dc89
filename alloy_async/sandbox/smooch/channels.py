"""How users of an emulated Smooch app are reached: channels, business systems, auth codes."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError, Reply
from .service_base import SmoochServiceBase
from .state import DeviceClient

IDENTITY = {
    "twilio": "phoneNumber",
    "messagebird": "phoneNumber",
    "messenger": "phoneNumber",
    "mailgun": "address",
}
"""The member of a link's body that says who the user is in each channel."""

WITH_COUNTRY_CODE = ("twilio", "messagebird")


class ChannelOperations(SmoochServiceBase):
    """The operations on channels. A link is pending in the answer that starts it; one that needs no doing of the user
    is confirmed by the next request, and any other by `confirm`."""

    def handle(self, call: ApiCall) -> Reply:
        for user in self.users.values():
            for client in [client for client in user.pending if client.immediate]:
                user.pending.remove(client)
                user.clients.append(client)
        return super().handle(call)

    def confirm_link(self, user_id: str, channel: str) -> None:
        """Do as the user does who confirms a link."""
        for client in self.find_user(user_id).pending:
            client.immediate = client.immediate or client.platform == channel

    def link_app_user(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        kind = call.body["type"]
        client = DeviceClient(
            self.create_id(),
            kind,
            self._find_integration_for(kind, call.body.get("integrationId")),
            _read_identity(kind, call.body),
            immediate=call.body["confirmation"]["type"] == "immediate",
        )
        if any(kind == linked.platform for linked in [*user.clients, *user.pending]):
            raise ApiError(409, f"The user is linked to {kind}, or about to be.")
        user.pending.append(client)
        self.record_change("linked", f"{user.user_id} {kind}")
        return {"appUser": user.to_json()}

    def unlink_app_user(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        kind = call.path["channel"]
        if not any(kind == client.platform for client in [*user.clients, *user.pending]):
            raise ApiError(404, f"The user is not linked to {kind!r}.")
        user.clients = [client for client in user.clients if client.platform != kind]
        user.pending = [client for client in user.pending if client.platform != kind]
        self.record_change("unlinked", f"{user.user_id} {kind}")
        return Reply(content_type=None)

    def get_app_user_entity_ids(self, call: ApiCall) -> Any:
        return {"channels": [client.get_entity() for client in self.find_user(call.path["userId"]).clients]}

    def get_app_user_business_system_ids(self, call: ApiCall) -> Any:
        return {"businessSystems": self.find_user(call.path["userId"]).business_systems}

    def get_app_user_auth_code(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        code = f"{self.rng.getrandbits(128):032x}"
        self.auth_codes[code] = user.id
        return {"authCode": code}

    def get_link_requests(self, call: ApiCall) -> Any:
        self.find_user(call.path["userId"])
        requests = []
        for integration_id in call.query["integrationIds"]:
            kind = self.integrations.get(integration_id)
            if kind is None:
                raise ApiError(404, f"There is no integration {integration_id!r}.")
            code = f"{self.rng.getrandbits(48):012x}"
            url = f"https://{kind}.example/link?code={code}"
            requests.append({"integrationId": integration_id, "type": kind, "code": code, "url": url})
        return {"linkRequests": requests}

    def _find_integration_for(self, kind: str, integration_id: str | None) -> str:
        if integration_id is None:
            return self.find_integration_id_by_type(kind)
        if self.integrations.get(integration_id) != kind:
            raise ApiError(404, f"There is no integration {integration_id!r} of type {kind!r}.")
        return integration_id


def _read_identity(kind: str, body: dict[str, Any]) -> tuple[str, str]:
    name = IDENTITY.get(kind)
    if name is None:
        raise ApiError(400, f"{kind!r} is not linked by this call; get a link request for it.")
    value = body.get(name)
    if not value:
        raise ApiError(400, f"{kind} needs {name}.")
    if kind in WITH_COUNTRY_CODE and not value.startswith("+"):
        raise ApiError(400, f"{kind} needs {name} with + and the country code.")
    return name, value
