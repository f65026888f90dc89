"""What an emulated Smooch app holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..contract.multipart_form import FilePart


@dataclass
class DeviceClient:
    """A channel that a user is reached by; `identity` is its member of a channel entity, as ("address", "a@b.c")."""

    id: str
    platform: str
    integration_id: str
    identity: tuple[str, str]
    immediate: bool = True
    """Whether it is confirmed without the user's doing."""

    def to_json(self, last_seen: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "active": True,
            "lastSeen": last_seen,
            "platform": self.platform,
            "displayName": self.identity[1],
        }

    def get_entity(self) -> dict[str, str]:
        name, value = self.identity
        return {"type": self.platform, name: value}


@dataclass
class User:
    id: str
    user_id: str
    created_at: str
    profile: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    credential_required: bool = False
    conversation_id: str | None = None
    clients: list[DeviceClient] = field(default_factory=list)
    pending: list[DeviceClient] = field(default_factory=list)
    business_systems: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        clients = [client.to_json(self.created_at) for client in self.clients]
        return {
            "_id": self.id,
            "userId": self.user_id,
            **self.profile,
            "properties": self.properties,
            "conversationStarted": self.conversation_id is not None,
            "credentialRequired": self.credential_required,
            "clients": clients,
            "pendingClients": [client.to_json(self.created_at) for client in self.pending],
            "devices": clients,
        }


@dataclass(frozen=True)
class Message:
    """A message of a conversation, and the image in it."""

    id: str
    author_id: str
    role: str
    name: str
    text: str
    received: float
    image: FilePart
