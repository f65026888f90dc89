"""Decoding lists of users, against msgspec into a Struct: JSON bytes to typed objects."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import attrs
import msgspec

from alloy_async import Model
from alloy_async.core.codec.typed_json import loads
from alloy_async.core.operation.markers import Json

from ..measuring.harness import Figure, compare, figure, one_core, times
from ..measuring.server import page


@attrs.define(eq=False, repr=False)
class Role(Model):
    """A nested object."""

    role_id: Annotated[str | None, Json("roleId")] = None
    name: str | None = None


@attrs.define(eq=False, repr=False)
class User(Model):
    """Twelve members, a nested list and a timestamp."""

    user_id: Annotated[str | None, Json("userId")] = None
    username: str | None = None
    full_name: Annotated[str | None, Json("fullName")] = None
    email: str | None = None
    department: str | None = None
    active: bool | None = None
    login_count: Annotated[int | None, Json("loginCount")] = None
    created_at: Annotated[datetime | None, Json("createdAt")] = None
    locale: str | None = None
    time_zone: Annotated[str | None, Json("timeZone")] = None
    external_id: Annotated[str | None, Json("externalId")] = None
    roles: list[Role] | None = None


@attrs.define(eq=False, repr=False)
class Users(Model):
    """A page."""

    data: list[User] | None = None


class RoleStruct(msgspec.Struct, rename="camel"):
    role_id: str | None = None
    name: str | None = None


class UserStruct(msgspec.Struct, rename="camel"):
    user_id: str | None = None
    username: str | None = None
    full_name: str | None = None
    email: str | None = None
    department: str | None = None
    active: bool | None = None
    login_count: int | None = None
    created_at: datetime | None = None
    locale: str | None = None
    time_zone: str | None = None
    external_id: str | None = None
    roles: list[RoleStruct] | None = None


class UsersStruct(msgspec.Struct):
    data: list[UserStruct] | None = None


def run(rounds: int) -> list[Figure]:
    small, large = page(100), page(100_000)
    decoder = msgspec.json.Decoder(UsersStruct)

    variants = {
        "struct": times(20, lambda: decoder.decode(small)),
        "struct again": times(20, lambda: decoder.decode(small)),
        "ours": times(20, lambda: loads(Users, small)),
    }
    with one_core():
        ratios = compare(variants, "struct", rounds)
        pages = compare(
            {"page": variants["ours"], "many": lambda: loads(Users, large)}, "page", max(9, rounds // 4)
        )
        lists = compare(
            {"struct": lambda: decoder.decode(large), "ours": lambda: loads(Users, large)},
            "struct",
            max(7, rounds // 6),
        )
    return [
        figure("noise: msgspec against itself", ratios["struct again"]),
        figure("decode 100 users, against msgspec into a Struct", ratios["ours"], 4),
        figure("decode 100,000 users, against msgspec into Structs", lists["ours"], 4),
        figure(
            "decode 100,000 users, CPU a user against the page of 100", [r / 50 for r in pages["many"]], 1.6
        ),
    ]
