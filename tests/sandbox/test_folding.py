"""Names of people that differ by case or Unicode form are one name, in all five emulations."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, strategies as st

from alloy_async import UserRecord
from alloy_async.sandbox.name_folding import FoldedDict, fold
from alloy_async.testing import Sandbox

from ..systems import SYSTEMS

NAME = "zo\u00eb@north.example"
VARIANTS = (NAME.upper(), unicodedata.normalize("NFD", NAME), "\uff5ao\u00eb@north.example")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_variant_of_a_name_is_the_same_person(system: str, variant: str) -> None:
    async with Sandbox(system) as sandbox:
        directory: Any = sandbox.directory()
        people = [
            UserRecord(
                username=name, email=name, given_name="Zo", family_name="Q", password="Correct-H0rse-battery"
            )
            for name in (NAME, variant)
        ]
        for person in people:
            await directory.create([person])
        assert sandbox.ledger.count(what="created") == 1
        await directory.client.aclose()


@given(st.text(), st.text())
def test_a_folded_dictionary_is_a_dictionary_of_folded_keys(one: str, other: str) -> None:
    names: FoldedDict[int] = FoldedDict()
    names[one] = 1
    names[other] = 2
    assert (len(names) == 1) is (fold(one) == fold(other))
    assert names[other] == 2
    assert list(names)[-1] == other
    del names[other]
    assert other not in names


@given(st.text())
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)
    assert fold(name.upper()) == fold(name.upper().lower().upper())
