"""Show the progress of many tenants: one live table on a terminal, a line now and then elsewhere, or JSON."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ...provisioning import TenantResult
from ...provisioning.events import Counts, Event
from ...provisioning.reports.quantities import format_count_with_noun
from ..output.json_progress import format_event_name
from ..output.progress import print_literal_text
from ..output.safe_text import clean_line, format_json, print_line
from ..output.streams import ignore_closed_stream, is_same_output
from .tenant_state import RUNNING, Stage, TenantState, describe_counts, describe_end

_LINE_EVERY = 5.0
_BAR = 12
_LINES_AROUND = 6
"""Lines of a terminal that the table leaves to its header, the sums, and the prompt."""
_STYLES: dict[Stage, str] = {
    "done": "green",
    "incomplete": "yellow",
    "failed": "red",
    "waits for its turn": "dim",
}

_GROUPS: dict[Stage, str] = {
    "waits for its turn": "waiting",
    "done": "done",
    "incomplete": "incomplete",
    "failed": "failed",
}
"""What a stage is counted as; all others are running."""


class TenantsProgress:
    """Shows how many tenants are getting on; a context manager.

    Args:
        console: where to; standard error.
        names: of all tenants.
        form: "auto": a table on a terminal, lines elsewhere. "json": a line for each event. "none": nothing.
        clock: seconds.
    """

    def __init__(
        self,
        console: Console,
        names: Iterable[str],
        form: str = "auto",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.states: dict[str, TenantState] = {name: TenantState(name) for name in names}
        self.is_begun: bool = False
        """Whether any tenant had its turn."""
        self._console = console
        self._form = form
        self._clock = clock
        self._began = self._last_line = clock()
        self._is_same_output = is_same_output()
        self._live: Live | None = None
        if form == "auto" and console.is_terminal:
            self._live = Live(
                console=console, get_renderable=self._render, refresh_per_second=4, transient=True
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            with ignore_closed_stream(sys.stderr):
                self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            with ignore_closed_stream(sys.stderr):
                self._live.stop()

    def __call__(self, name: str, event: Event | TenantResult[Any]) -> None:
        """Show one event; the run goes on where nobody can see it any more."""
        self.is_begun = True
        self._update_state(name, event)

    def show_left_out(self, name: str, error: Exception) -> None:
        """Show that a tenant has no turn in this run, and why."""
        self._update_state(name, TenantResult(name=name, error=error))

    def _update_state(self, name: str, event: Event | TenantResult[Any]) -> None:
        state = self.states[name]
        state.update(event)
        with ignore_closed_stream(sys.stderr):
            if self._form == "json":
                print_line(format_json(_event_to_json(state, event)), err=True)
            elif self._form == "auto" and self._live is None:
                self._print_plain_lines(state, event)

    def print_message(self, text: str) -> None:
        """Print a line, above the table where there is one."""
        with ignore_closed_stream(sys.stderr):
            if self._form == "json":
                print_line(format_json({"event": "message", "text": text}), err=True)
            else:
                print_literal_text(self._console, text)

    def _print_plain_lines(self, state: TenantState, event: Event | TenantResult[Any]) -> None:
        if isinstance(event, TenantResult):
            if event.is_begun and not self._is_same_output:  # the summary says it, too
                print_literal_text(self._console, f"{state.name}: {describe_end(state)}")
        elif self._clock() - self._last_line >= _LINE_EVERY:
            self._last_line = self._clock()
            print_literal_text(self._console, self._describe_sum())

    def _describe_sum(self) -> str:
        stages = Counter(_GROUPS.get(state.stage, "running") for state in self.states.values())
        groups = ("running", *_GROUPS.values())
        facts = [f"{stages[group]:,} {group}" for group in groups if stages[group]]
        counts = sum((state.counts for state in self.states.values()), Counts())
        new = counts.settled - sum(state.earlier for state in self.states.values())
        speed = new / max(self._clock() - self._began, 1e-9)
        rows = describe_counts(attrs.evolve(counts, planned=0)) or "no rows yet"
        tenants = format_count_with_noun(len(self.states), "tenant", "tenants")
        return f"{tenants}: {', '.join(facts)}; {rows} ({speed:,.0f} rows/s)"

    def _render(self) -> RenderableType:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True)
        for heading in ("tenant", "", "", "rows", "not in"):
            table.add_column(
                heading, justify="right" if heading in ("rows", "not in") else "left", no_wrap=True
            )
        table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)  # notes get what the others leave
        for state in self._choose_shown():
            table.add_row(*_render_row(state), style=_STYLES.get(state.stage, ""))
        return Group(table, Text(self._describe_sum(), "bold"))

    def _choose_shown(self) -> Sequence[TenantState]:
        """Choose as many as fit: those that run, then those in trouble, then those that wait, then the rest."""
        room = max(self._console.size.height - _LINES_AROUND, 3)
        order: dict[Stage, int] = {"failed": 1, "incomplete": 1, "waits for its turn": 2, "done": 3}
        chosen = sorted(self.states.values(), key=lambda state: order.get(state.stage, 0))[:room]
        names = {state.name for state in chosen}
        return [state for name, state in self.states.items() if name in names]


def _render_row(state: TenantState) -> tuple[Text, ...]:
    counts, bar, rows = state.counts, Text(""), f"{state.rows:,}" if state.rows else ""
    if counts.rows:
        rows = f"{counts.settled:,} of {state.rows:,}"
    if counts.rows and state.stage in RUNNING:
        done = round(_BAR * counts.settled / counts.rows)
        bar = Text.assemble(("━" * done, "green"), ("━" * (_BAR - done), "dim"))
    missing = counts.unresolved - counts.unfinished
    return (
        Text(state.name),
        Text(state.stage),
        bar,
        Text(rows),
        Text(f"{missing:,}" if missing else ""),
        Text(clean_line(state.note)),
    )


def _event_to_json(state: TenantState, event: Event | TenantResult[Any]) -> dict[str, object]:
    if isinstance(event, TenantResult):
        name = "ended" if event.is_begun else "not_begun"
        facts: dict[str, object] = {"complete": event.complete, "error": state.note if event.error else None}
        with suppress(AttributeError):
            facts["counts"] = attrs.asdict(event.result.counts)  # type: ignore[union-attr]
        return {"tenant": state.name, "event": name, **facts}
    return {"tenant": state.name, "event": format_event_name(event), **attrs.asdict(event)}
