"""How a record fits a system: what of it would be lost, what is wrong with it, and what arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from .interface import Capabilities
from .record import FIELDS, UserRecord, fold_all
from .record_columns import RecordColumns


@attrs.frozen
class Loss:
    """Something in a record that does not reach a system.

    Args:
        field: the field of `UserRecord`; a free attribute as `attributes.desk`.
        why: for people.
    """

    field: str
    why: str

    def __str__(self) -> str:
        return f"{self.field}: {self.why}"


def find_losses(record: UserRecord, can: Capabilities) -> tuple[Loss, ...]:
    """Find what of a record the system cannot carry; told before anything is sent.

    Args:
        record: with any fields.
        can: `directory.capabilities`.

    Returns:
        One Loss for each field or attribute that holds something and will not arrive whole. A field is not lost where
        another one carries the same: a username that is the email, a full name made of given and family name.
    """
    return tuple(_iterate_losses(record, can))


def _iterate_losses(record: UserRecord, can: Capabilities) -> Iterator[Loss]:
    for field in FIELDS:
        value = getattr(record, field)
        if value is None or value in ("", ()):
            continue
        if field not in can.carries:
            if not _is_carried_by_another_field(field, record, can):
                yield Loss(field, can.because.get(field, "there is no place for it"))
        elif (form := can.forms.get(field)) and (
            misfits := [entry for entry in value if not form.fits(entry)]
        ):
            yield Loss(field, f"{', '.join(map(repr, misfits))}: {form.says}")
    for name, value in record.attributes.items():
        if "attributes" not in can.carries:
            yield Loss(f"attributes.{name}", can.because.get("attributes", "there is no place for it"))
        elif (form := can.forms.get("attributes")) and not form.fits(value):
            yield Loss(f"attributes.{name}", form.says)


def _is_carried_by_another_field(field: str, record: UserRecord, can: Capabilities) -> bool:
    """Tell whether what a dropped field says is carried by another one."""
    if field == "username":
        return "email" in can.carries and record.username == record.email
    if field == "full_name":
        names = filter(None, (record.given_name, record.family_name))
        return {"given_name", "family_name"} <= {*can.carries} and record.full_name == " ".join(names)
    return False


def fit_record(record: UserRecord, can: Capabilities) -> UserRecord:
    """Make the record as it reaches the system: without entries that do not fit; adapters read nothing that has no place."""
    if not can.forms:
        return record
    kept: dict[str, Any] = {
        field: _keep_fitting(getattr(record, field), field, can)
        for field in (*FIELDS, "attributes")
        if field in can.carries
    }
    return UserRecord(**{"username": "", "remote_id": record.remote_id, **kept})


def _keep_fitting(value: Any, field: str, can: Capabilities) -> Any:
    form = can.forms.get(field)
    if form is None:
        return value
    if isinstance(value, Mapping):
        return {name: held for name, held in value.items() if form.fits(held)}
    return tuple(entry for entry in value if form.fits(entry))


def find_faults(record: UserRecord, can: Capabilities, needs: Iterable[str] = ()) -> list[str]:
    """Explain why a record cannot go in, for people; empty when it can be tried.

    Args:
        record: as it is to be sent.
        can: the system.
        needs: fields that must be filled.
    """
    found = [f"the {field} is missing" for field in needs if not getattr(record, field)]
    for field, most in can.max_length.items():
        value = getattr(record, field)
        if value and len(value) > most:
            found.append(f"the {field} has {len(value)} characters, {most} are allowed")
    return found


def may_go_in_one_call(users: RecordColumns, can: Capabilities) -> bool:
    """Tell whether all of many new users can be tried in one call, as they are: none has a fault, and none comes twice."""
    lengths = (
        (max(map(len, filter(None, users.get(field))), default=0), most)
        for field, most in can.max_length.items()
    )
    return (
        not can.forms
        and all(all(users.get(field)) for field in can.needs)
        and all(length <= most for length, most in lengths)
        and len(set(fold_all(users.get(can.key)))) == users.rows
    )
