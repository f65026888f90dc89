"""Whether something waits in a connection's socket, where the event loop has not read yet."""

from __future__ import annotations

import select
from collections.abc import Callable
from functools import partial
from typing import Any


def create_unread_check(transport: Any) -> Callable[[], object]:
    """Return what tells, by something true, that bytes or the end of the connection wait in its socket, unread by the loop."""
    socket = transport.get_extra_info("socket")
    if socket is None:
        return lambda: False
    if not hasattr(select, "poll"):
        return lambda: bool(select.select([socket.fileno()], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return partial(poll.poll, 0)
