"""Messages of a conversation."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.messages.upload import FileSource
from ...core.operation.markers import Part, Path
from ...core.operation.operation import ErrorModels, Operation
from .. import models
from .error_models import ERRORS


@attrs.frozen(eq=False, repr=False)
class PostImageMessage(Operation["models.MessageResponse"]):
    """Send an image into the conversation with a user; the file is read as it is sent, never whole.

    POST /v1/apps/{appId}/appusers/{userId}/images (multipart/form-data)

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.
        source: the image: a path, bytes, a file opened in binary mode, an async iterator of bytes, or an `Upload` that
            also tells filename, content type or size. Without, the content type is guessed from the file's name.
        role: who sends it: "appUser" or "appMaker".

    Returns:
        The message and its conversation.

    Raises:
        InvalidRequest: the file cannot be read; nothing was sent.
        ContentTooLarge: the image is too large.
        TransportError, ServerError: with effect "unknown", the message may have been sent. After any failure, a source that
            cannot be rewound (an async iterator, a pipe) is not sent again.
    """

    verb = "POST"
    route = "/v1/apps/{appId}/appusers/{userId}/images"
    errors: ClassVar[ErrorModels] = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]
    source: Annotated[FileSource, Part("source")]
    role: Annotated[models.Role, Part("role")]
