"""What is neither a directory nor a source is refused in words, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloy_async import Alloy, AlloyDirectory, ConfigurationError
from alloy_async.provisioning import plan, provision
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
