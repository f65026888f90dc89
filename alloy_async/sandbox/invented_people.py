"""Invented people to fill a service with."""

from __future__ import annotations

import random
import unicodedata
from typing import NamedTuple

_GIVEN = (  # noqa: SIM905
    "Ada Bjarne Chiara Dmitri Elif Farid Grace Hana Ivo Jun Kofi Lucía Maïa Noor Olek Priya "
    "Quentin Rosa Sören Tomas Uma Viktor Wanjiru Ximena Yara Zoltán"
).split()
_FAMILY = (  # noqa: SIM905
    "Abara Brandt Castel Demir Eriksen Fofana Grimaldi Hoshino Ibarra Jansen Kowal Lindqvist "
    "Mbeki Novák O'Dell Petrov Quist Rahman Sato Tanaka Ueda Vance Weiss Xu Yilmaz Zieliński"
).split()


class Person(NamedTuple):
    given: str
    family: str
    email: str

    @property
    def full_name(self) -> str:
        return f"{self.given} {self.family}"


def invent_people(count: int, rng: random.Random) -> list[Person]:
    """`count` people with distinct addresses, the same for the same generator."""
    return [_invent_person(index, rng) for index in range(count)]


def _invent_person(index: int, rng: random.Random) -> Person:
    given = _GIVEN[index % len(_GIVEN)]
    family = rng.choice(_FAMILY)
    plain = unicodedata.normalize("NFKD", given).encode("ascii", "ignore").decode()
    return Person(given, family, f"{plain.lower()}.{index}@northwind.example")
