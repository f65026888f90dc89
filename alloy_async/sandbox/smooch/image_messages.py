"""Messages of an emulated Smooch app."""

from __future__ import annotations

from typing import Any

from ..contract.multipart_form import FilePart
from ..messages import ApiCall, ApiError, Reply
from .service_base import SmoochServiceBase
from .state import Message


class ImageMessageOperations(SmoochServiceBase):
    """The operation that sends an image; of the image, its hash and size are kept in `messages`."""

    def post_image_message(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["userId"])
        image = call.body["source"]
        if not isinstance(image, FilePart):
            raise ApiError(400, "The part source is no file: it has no filename.")
        if not image.size:
            raise ApiError(400, "The image is empty.")
        user.conversation_id = user.conversation_id or self.create_id()
        name = call.body.get("name") or user.profile.get("givenName", "")
        role, text = call.body["role"], call.body.get("text", "")
        message = Message(self.create_id(), user.id, role, name, text, self.clock(), image)
        conversation = self.messages.setdefault(user.conversation_id, [])
        conversation.append(message)
        self.record_change("sent", message.id)
        unread = sum(message.role == "appMaker" for message in conversation)
        answer = {
            "message": _to_json(message),
            "conversation": {"_id": user.conversation_id, "unreadCount": unread},
        }
        return Reply.json(answer, 201)


def _to_json(message: Message) -> dict[str, Any]:
    return {
        "_id": message.id,
        "authorId": message.author_id,
        "role": message.role,
        "type": "image",
        "name": message.name,
        "text": message.text,
        "avatarUrl": f"https://avatars.example/{message.author_id}",
        "received": message.received,
        "source": {"type": "api"},
        "mediaUrl": f"https://media.example/{message.image}",
        "mediaType": message.image.content_type,
    }
