"""What is neither a directory nor a source is refused in words; a rule of a job is the same wherever it stands."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import attrs
import pytest

from alloy_async import Alloy, AlloyDirectory, ConfigurationError
from alloy_async.provisioning import plan, provision
from alloy_async.provisioning.tenants.tenant import JobRules
from alloy_async.rehearsal import rehearse
from alloy_async.testing import Sandbox


@pytest.mark.parametrize("function", [plan, provision])
async def test_a_client_is_not_a_directory(function: Any, tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username\nada\n")
    async with Sandbox("alloy") as sandbox, sandbox.async_client() as alloy:
        with pytest.raises(ConfigurationError, match=r"AlloyDirectory\(AsyncAlloy\(\)\), not AsyncAlloy"):
            await function(source, alloy)
        with pytest.raises(ConfigurationError, match=r"a Source as open_source\(\) gives; got list"):
            await function([{"username": "ada"}], AlloyDirectory(alloy))  # type: ignore[arg-type]
        assert not sandbox.requests


def test_a_directory_takes_the_async_client() -> None:
    with (
        Alloy("key") as alloy,
        pytest.raises(ConfigurationError, match=r"AlloyDirectory takes an AsyncAlloy, got Alloy; .*\.sync"),
    ):
        AlloyDirectory(alloy)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [plan, provision, rehearse])
def test_the_rules_of_a_job_are_the_same_for_one_and_for_many(function: Any) -> None:
    of_one = inspect.signature(function).parameters
    of_many = {field.name: (field.default, field.type) for field in attrs.fields(JobRules)}
    assert {
        name: (one.default, one.annotation)
        for name, one in of_one.items()
        if name == "mode" or name.startswith(("allow_", "send_"))
    } == of_many
