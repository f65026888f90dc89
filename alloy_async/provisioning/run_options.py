"""The options by which a user says how a job is carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import attrs

from ..core.argument_errors import improve_argument_errors
from ..core.calls.hooks import create_hook
from ..core.errors import ConfigurationError
from ..core.validation import check_count, check_flag, check_methods, describe_value
from .events import Event, OnEvent


def ignore_event(event: Event) -> None:
    """Listen to nothing."""


def _create_listener(on_event: OnEvent) -> OnEvent:
    return create_hook("on_event", on_event)


@improve_argument_errors
@attrs.frozen
class RunOptions:
    """How a job is carried out.

    Args:
        concurrency: calls in flight; the client's rate limiter has the last word.
        on_event: told each `Event` as it happens, on the event loop.
        stop: when set, what is in flight is finished and no more is sent.
        sends_again: for resuming where keys are not unique: send rows of unknown outcome again if they are not there. Say so
            only once no request of the earlier run can be on its way any more: it would double the user.
        new_key: for a job that exists: the credential is a renewed one of the account that the job was made for, and
            becomes the job's. Without, a job is carried out, resumed and undone in that account only.
        on: where workers share the job, which then is in PostgreSQL: local:4 (processes here), or dask://host:8786. They
            have their credential from their environment. None: this process does it alone.
        shard_rows: with `on`, and for `work` on a plan: rows that a worker takes at a time.
        worker_options: with `on`: further options of `alloy-async work` for each worker, as ("--profile", "acme").
    """

    concurrency: int = 8
    on_event: OnEvent = attrs.field(default=ignore_event, converter=_create_listener)
    stop: asyncio.Event = attrs.field(factory=asyncio.Event)
    sends_again: bool = False
    new_key: bool = False
    on: str | None = None
    shard_rows: int = 20_000
    worker_options: Sequence[str] = ()

    def __attrs_post_init__(self) -> None:
        check_methods("stop", self.stop, ("is_set", "set", "wait"), "an asyncio.Event")
        check_flag("sends_again", self.sends_again)
        check_flag("new_key", self.new_key)
        if not isinstance(self.on, str | None):
            raise ConfigurationError(
                f"on is the address of workers, as local:4; got {describe_value(self.on)}"
            )
        if isinstance(self.worker_options, str):
            raise ConfigurationError(
                "worker_options is a list of words, as ['--profile', 'acme']; got one text"
            )
        check_count("concurrency", self.concurrency)
        check_count("shard_rows", self.shard_rows)


Run = RunOptions
"""The name of earlier versions."""
