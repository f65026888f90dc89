"""How an existing user differs from a record, in the fields that the system shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeAlias

from ..core.errors import DecodeError
from .record import UserRecord, fold

Value: TypeAlias = Any
"""A text, a truth, a tuple of names; of a free attribute what JSON can hold."""
Change: TypeAlias = tuple[Value, Value]
"""Old and new."""

ATTRIBUTE = "attributes."
"""Before the name of a free attribute in the name of a change."""
UNSAID = (None, "", ())
"""Values by which a record says nothing of a field."""


def refuse_answer_about_another(
    meant: Iterable[str | None], answered: Iterable[str | None], new_id: str | int | None = None
) -> None:
    """Refuse an answer about somebody else than was sent or asked for, or about nobody.

    A cache or a proxy gives such that mixes answers up, and a server that says 200 to an error. What is done next goes by the
    id in it: roles would be given to another person, or another account be closed. Nor may it be taken for nobody's absence.

    Args:
        meant: the keys of the user; None where it has none.
        answered: those of the user in the answer.
        new_id: what the answer to a creation says that the user's id is: it may say nothing else.

    Raises:
        DecodeError: the two have no key in common.
    """
    ours, theirs = ({fold(key) for key in keys if key} for keys in (meant, answered))
    if not theirs and new_id is None:
        raise DecodeError("$: the answer does not tell whom it is about")
    if ours and theirs and ours.isdisjoint(theirs):
        raise DecodeError(f"$: the answer is about another user, {sorted(theirs)[0]!r}")


def find_changes(wanted: UserRecord, there: UserRecord, fields: Iterable[str]) -> dict[str, Change]:
    """Find the fields that a record says and that are otherwise: name -> (old, new).

    A free attribute is told for itself, as `attributes.desk`: those that only the system has stay as they are.

    Args:
        wanted: what is wanted; what it leaves open is as intended.
        there: as the system shows the user.
        fields: those to compare; full_name stands for `UserRecord.display_name`.
    """
    changes: dict[str, Change] = {}
    for field in fields:
        if field == "attributes":
            changes |= _find_changes_to_wanted_attributes(wanted.attributes, there.attributes)
            continue
        read = create_comparable_reader(field)
        old, new = read(there), read(wanted)
        if new not in UNSAID and new != old:
            changes[field] = old, new
    return changes


def _find_changes_to_wanted_attributes(
    wanted: Mapping[str, Any], there: Mapping[str, Any]
) -> dict[str, Change]:
    return {
        ATTRIBUTE + name: (there.get(name), value)
        for name, value in wanted.items()
        if value not in UNSAID and value != there.get(name)
    }


def create_comparable_reader(field: str) -> Callable[[UserRecord], Value]:
    """Create what reads a field in the form in which it is compared: an empty one is None."""
    return _READERS.get(field) or (lambda record: getattr(record, field) or None)


def _read_filled_attributes(record: UserRecord) -> tuple[tuple[str, Any], ...]:
    held = record.attributes
    return tuple((name, held[name]) for name in sorted(held) if held[name] not in UNSAID) if held else ()


_READERS: Mapping[str, Callable[[UserRecord], Value]] = {
    "full_name": attrgetter("display_name"),
    "groups": lambda record: tuple(sorted(record.groups)),
    "roles": lambda record: tuple(sorted(record.roles)),
    "active": attrgetter("active"),
    "attributes": _read_filled_attributes,
}
"""What reads the fields that are not compared as they are."""
