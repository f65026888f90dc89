"""Show the progress of a job to other programs: one JSON object a line, on standard error."""

from __future__ import annotations

import re
import sys
from types import TracebackType
from typing import Self

import attrs

from ...provisioning.events import Counts, Event, Progress, may_have_sent_from_here
from .safe_text import format_json, print_line
from .streams import ignore_closed_stream

_WORD_START = re.compile("(?<=[a-z])(?=[A-Z])")


class JsonProgress:
    """Print each event of a job as JSON; a context manager, in the place of ProgressDisplay.

    Each line has `event`, the name of the event in snake case, and the event's own members, as
    `{"event": "progress", "counts": {"created": 500, ...}, "rows": 1200}`. What would be a line of text is
    `{"event": "message", "text": ...}`.
    """

    def __init__(self) -> None:
        self.counts: Counts = Counts()
        self.sending: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def print_message(self, text: str, style: str | None = None) -> None:
        """Print a message."""
        self._print_event("message", {"text": text})

    def __call__(self, event: Event) -> None:
        """Print one event."""
        self.sending = self.sending or may_have_sent_from_here(event)
        if isinstance(event, Progress):
            self.counts = event.counts
        self._print_event(format_event_name(event), attrs.asdict(event))

    def _print_event(self, name: str, members: dict[str, object]) -> None:
        with ignore_closed_stream(sys.stderr):
            print_line(format_json({"event": name, **members}), err=True)


def format_event_name(event: Event) -> str:
    """Name an event as other programs read it, as doubts_found."""
    return _WORD_START.sub("_", type(event).__name__).lower()
