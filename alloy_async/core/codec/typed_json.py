"""Models and JSON text: attrs classes in and out, converted by cattrs, parsed and printed by orjson.

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
from .conversion import Mismatch, get_decoder, get_encoder
from .error_path import describe_mismatch_in_answer, describe_mismatch_in_argument

T = TypeVar("T")

GC_PAUSE_BYTES = 8 * 1024
"""From this size on, the collector's repeated walks over the new objects cost more than half of a decode."""


def to_wire(value: Any) -> Any:
    """Convert a model, or anything that an operation takes, to its JSON value.

    Args:
        value: a model, a timestamp, NULL, a plain JSON value, or lists and mappings of these.

    Returns:
        dict, list, str, number, bool or None; members that are None are left out, NULL becomes None.

    Raises:
        InvalidRequest: something in the value has no JSON form; the message says where. Effect: none.
    """
    try:
        return get_encoder(Any)(value)
    except Mismatch as mismatch:
        reason = describe_mismatch_in_argument(Any, value, "value", mismatch)
    except RecursionError:
        reason = "value: nested too deeply, or holds itself"
    del value  # a traceback that prints local variables must not show it
    raise InvalidRequest(reason)


@overload
def from_wire(of: type[T], value: Any) -> T: ...
@overload
def from_wire(of: Any, value: Any) -> Any: ...
def from_wire(of: Any, value: Any) -> Any:
    """Convert a JSON value to its typed form.

    Args:
        of: a model class, or any type that a field of a model or of an operation is annotated with.
        value: the JSON value, as json.loads gives it.

    Returns:
        The instance of `of`.

    Raises:
        DecodeError: the value has another shape; the message gives the JSON path.
        InvalidRequest: `of` is not a type that JSON can be read as.
    """
    decode = get_decoder(of)
    try:
        return decode(value, of)
    except RecursionError:
        reason = "$: nested too deeply"
    except Exception as error:  # a type that is not ours, as a dataclass, raises what it likes
        reason = describe_mismatch_in_answer(of, value, error)
    del value
    raise DecodeError(reason)


def create_json_parser(of: Any) -> Callable[..., Any]:
    """Create the function that parses JSON text as an `of`; its Mismatch says where the text does not fit, or is not JSON.

    The function takes the text and, for nothing, the headers of the answer: decoders of other bodies look at these.
    """
    decode = get_decoder(of)

    def parse(raw: bytes, _: Any = None) -> Any:
        data = None
        try:
            if len(raw) < GC_PAUSE_BYTES:
                data = orjson.loads(raw)
                return decode(data, of)
            with pause_garbage_collector():
                data = orjson.loads(raw)
                return decode(data, of)
        except Exception as error:  # a type that is not ours, as a dataclass, raises what it likes
            reason = _create_located_mismatch(of, data, len(raw), error)
        del data  # a traceback that prints local variables must not show it
        raise reason  # outside of the handler: a JSONDecodeError carries the whole text

    return parse


def _create_located_mismatch(of: Any, data: Any, size: int, error: Exception) -> Mismatch:
    """Create the Mismatch that says where JSON text of so many bytes is not an `of`.

    Args:
        data: what was parsed of it, so that a long text is not parsed twice.
    """
    if isinstance(error, orjson.JSONDecodeError):
        return Mismatch(f"not JSON: {error.msg} at byte {error.pos} of {size}")
    if isinstance(error, RecursionError):
        return Mismatch("nested too deeply")
    return Mismatch(describe_mismatch_in_answer(of, data, error))


def loads(of: Any, raw: bytes) -> Any:
    """Parse JSON text as an `of`, where that is done once; raises Mismatch."""
    return create_json_parser(of)(raw)


def dump_plain_json(value: Any) -> bytes:
    """Print a JSON value; raises Mismatch where JSON has no form for it (lone surrogates, numbers beyond 64 bits)."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise Mismatch(str(error)) from None


_pauses = 0
_pauses_lock = threading.Lock()


@contextmanager
def pause_garbage_collector() -> Iterator[None]:
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


class RepeatedMember(ValueError):
    """An object has a member twice, of which one would be lost."""


def collect_unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Collect the members of a JSON object, as `object_pairs_hook` of the standard library's parser.

    Raises:
        RepeatedMember: one of them comes twice.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RepeatedMember(f"the member {twice!r} comes twice in one object; leave one of the two out")
    return members
