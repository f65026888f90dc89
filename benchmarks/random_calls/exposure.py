"""Where a text shows: in an error, its pickle, its traceback with the local variables of every frame."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType

from rich.pretty import pretty_repr


def find_exposures(error: BaseException, canaries: Iterable[str], own_files: tuple[str, ...]) -> list[str]:
    """Tell where one of the texts shows in what a program may print, store or send of an error.

    Args:
        own_files: parts of the paths of the caller's own files, whose frames hold the texts of right.
    """
    wanted = [canary for canary in canaries if canary]
    found = []
    for place, shown in _iterate_shown(error, own_files):
        found += [f"{place}: {canary!r}" for canary in wanted if canary in shown]
    return found


def _iterate_shown(error: BaseException, own_files: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield "str", str(error)
    yield "repr", repr(error)
    yield "args", repr(error.args)
    yield "attributes", repr(vars(error))
    yield "pickle", pickle.dumps(error).decode("latin-1")
    yield "traceback", "".join(traceback.format_exception(error))
    for link in _iterate_chain(error):
        yield f"repr of {type(link).__name__}", repr(link) + repr(vars(link))
        frame = link.__traceback__
        while frame is not None:
            yield from _iterate_locals(frame, own_files)
            frame = frame.tb_next


def _iterate_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with its causes and contexts, also those that are not shown."""
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is not None and link not in seen:
            seen.append(link)
            todo += [link.__cause__, link.__context__]
            yield link


def _iterate_locals(trace: TracebackType, own_files: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    code = trace.tb_frame.f_code
    if any(part in code.co_filename for part in own_files):
        return
    for name, value in trace.tb_frame.f_locals.items():
        place = f"{code.co_filename}:{trace.tb_lineno} {code.co_qualname}.{name}"
        yield place, repr(value)
        yield f"{place} (rich)", pretty_repr(value, max_depth=6)
        if isinstance(value, str | bytes):
            yield place, value if isinstance(value, str) else value.decode("latin-1")
