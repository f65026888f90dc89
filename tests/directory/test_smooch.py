"""What is Smooch's own among directories."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alloy_async.sandbox import Sandbox

from .cases import CASES
from .conftest import QUICK

CASE = next(case for case in CASES if case.name == "smooch")


@pytest.mark.parametrize("value", [{"a": 1}, ["a"]])
async def test_a_property_is_flat(value: Any) -> None:
    async with CASE.sandbox() as sandbox:
        directory = CASE.connect(sandbox, **QUICK)
        async with directory.client:
            ada = attrs.evolve(CASE.person("ada"), attributes={"desk": "4", "nested": value, "floor": 2})
            assert [str(loss) for loss in directory.find_losses(ada)] == [
                "attributes.nested: holds a list or an object"
            ]
            assert [o.status for o in await directory.create([ada])] == ["created"]
            found = await directory.find("ada")
    assert found is not None
    assert found.attributes == {"desk": "4", "floor": 2}


async def test_a_key_in_another_case_is_the_same_person() -> None:
    async with Sandbox("smooch", seed_users=0) as sandbox:
        directory = CASE.connect(sandbox, **QUICK)
        async with directory.client:
            outcomes = [(await directory.create([CASE.person(name)]))[0] for name in ("ada", "Ada")]
            assert [outcome.status for outcome in outcomes] == ["created", "exists"]
            assert sandbox.ledger.count(what="created") == 1
