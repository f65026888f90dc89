"""Models and JSON text: attrs classes in and out, converted by cattrs (`hooks`), parsed and printed by orjson.

Reading is tolerant: members that a model does not declare are kept in `extra`, unknown enum values stay strings, a missing
member is None; a wrong type raises, naming its JSON path. Writing is exact: None is left out, NULL is sent as null.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, overload

import orjson

from ..errors import DecodeError, InvalidRequest
from .conversion import Mismatch, decoder, encoder
from .error_path import locate_read, locate_write

T = TypeVar("T")

GC_PAUSE_BYTES = 8 * 1024
"""From this size on, the collector's repeated walks over the new objects cost more than half of a decode."""


def to_wire(value: Any) -> Any:
    """The JSON value of a model, or of anything that an operation takes.

    Args:
        value: a model, a timestamp, NULL, a plain JSON value, or lists and mappings of these.

    Returns:
        dict, list, str, number, bool or None; members that are None are left out, NULL becomes None.

    Raises:
        InvalidRequest: something in the value has no JSON form; the message says where. Effect: none.
    """
    try:
        return encoder(Any)(value)
    except Mismatch:
        raise InvalidRequest(locate_write(Any, value, "value")) from None


@overload
def from_wire(of: type[T], value: Any) -> T: ...
@overload
def from_wire(of: Any, value: Any) -> Any: ...
def from_wire(of: Any, value: Any) -> Any:
    """The typed form of a JSON value.

    Args:
        of: a model class, or any type that a field of a model or of an operation is annotated with.
        value: the JSON value, as json.loads gives it.

    Returns:
        The instance of `of`.

    Raises:
        DecodeError: the value has another shape; the message gives the JSON path.
    """
    try:
        return decoder(of)(value, of)
    except Mismatch:
        raise DecodeError(locate_read(of, value)) from None


def reader(of: Any) -> Callable[[bytes], Any]:
    """Makes a typed value of JSON text; a Mismatch says where it is not an `of`, or that it is no JSON."""
    read = decoder(of)

    def parse(raw: bytes) -> Any:
        try:
            if len(raw) < GC_PAUSE_BYTES:
                return read(orjson.loads(raw), of)
            with collector_paused():
                return read(orjson.loads(raw), of)
        except orjson.JSONDecodeError as error:
            raise Mismatch(f"not JSON: {error.msg} at byte {error.pos} of {len(raw)}") from None
        except Mismatch:
            raise Mismatch(locate_read(of, orjson.loads(raw))) from None

    return parse


def loads(of: Any, raw: bytes) -> Any:
    """`reader(of)(raw)`, for where it is done once."""
    return reader(of)(raw)


def dumps(value: Any) -> bytes:
    """JSON text of a JSON value; a Mismatch where JSON has no form for it (lone surrogates, numbers beyond 64 bits)."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise Mismatch(str(error)) from None


_pauses = 0
_pauses_lock = threading.Lock()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause cyclic garbage collection, for the process, while any thread is within."""
    global _pauses
    with _pauses_lock:
        pause = _pauses > 0 or gc.isenabled()
        if pause:
            _pauses += 1
            gc.disable()
    try:
        yield
    finally:
        if pause:
            with _pauses_lock:
                _pauses -= 1
                if not _pauses:
                    gc.enable()
