"""JSON to the last digit and the last member: a number that no type holds stays a text, and no member hides another one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain

import orjson

from ....core.codec.typed_json import collect_unique_members

_LONG_NUMBER = re.compile(r"[0-9.]{16}")
"""What a number has that may not be read back from its float as it stands: fifteen digits always are."""
_SMALL_NUMBER = re.compile(r"[0-9][eE]-[0-9]")
_LEAST_EXACT = 1e-290
_MEMBER = re.compile(r'"\s*:')


def parse_exactly(text: str) -> object:
    """Parse one JSON text.

    Returns:
        Its value; instead of a number that neither 64 bits nor a float hold to the last digit, the text of it.

    Raises:
        json.JSONDecodeError: it is not JSON, or nests deeper than can be read.
        RepeatedMember: an object has a member twice.
    """
    value = orjson.loads(text)
    if is_exact(text, (value,)):
        return value
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise json.JSONDecodeError("it nests too deeply", text, 0) from None


def is_exact(text: str, values: Iterable[object], members: int = 0) -> bool:
    """Prove that orjson has lost nothing of a text: no digit of a number, no member that comes twice; False: perhaps it has.

    Args:
        text: that was parsed.
        values: what it holds, or those of it that may hold more than a whole number or a text.
        members: how many members the objects have in which these values stand.
    """
    floats: list[float] = []
    level: list[object] = [*values]
    while level:
        objects = [value for value in level if type(value) is dict]
        members += sum(map(len, objects))
        floats += (value for value in level if type(value) is float)
        lists = (value for value in level if type(value) is list)
        level = [*chain(*map(dict.values, objects), *lists)]
    return _has_no_further_members(text, members) and not _may_be_rounded(text, floats)


def _has_no_further_members(text: str, members: int) -> bool:
    """Prove that a text has no more members than were found in it; what looks like one within a string spoils the proof."""
    return text.count(":") == members or len(_MEMBER.findall(text)) == members


def _may_be_rounded(text: str, floats: Iterable[float]) -> bool:
    """Tell whether the digits of a float may not all be those of the text; of 1e-400 none is left."""
    least = min(map(abs, floats), default=None)
    if least is None:
        return False
    is_small = least < _LEAST_EXACT and _SMALL_NUMBER.search(text)
    return bool(is_small or _LONG_NUMBER.search(text))


def _parse_whole_number(digits: str) -> int | str:
    # Python refuses to convert thousands of digits, as that takes long.
    value = int(digits) if len(digits) <= 20 else None
    return value if value is not None and -(2**63) <= value < 2**64 else digits


def _parse_fraction(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) and Decimal(repr(value)) == Decimal(digits) else digits


_DECODER = json.JSONDecoder(
    parse_int=_parse_whole_number, parse_float=_parse_fraction, object_pairs_hook=collect_unique_members
)
