"""The console on which commands print: no markup, and no text that could steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from .safe_text import clean_text


class TerminalConsole(Console):
    """A console that cleans every text it prints: rich keeps colours apart from text until the very end."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(clean_text(segment.text), segment.style)


def create_console(*, stderr: bool = False, file: IO[str] | None = None) -> Console:
    """Create a console that prints text as it is: no markup, no emoji codes, no guessed colours."""
    return TerminalConsole(stderr=stderr, file=file, markup=False, emoji=False, highlight=False)
