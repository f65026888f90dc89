"""The jobs without await: a script plans, applies and takes back, also while an event loop runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.provisioning import SourceError, sync
from alloy_async.sandbox import Sandbox


def run_all(tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("username,full_name\nada,Ada\nbob,Bob\n")
    with Sandbox("alloy", seed_users=0) as sandbox:
        target = AlloyDirectory(AsyncAlloy("key", base_url=sandbox.url))
        assert sync.plan(file, target).job.exists()
        done = sync.apply(tmp_path / "users.job", target)
        assert done.complete
        assert done.counts.created == 2
        assert sync.resume(done.job, target).counts.created == 2
        sync.undo(done.job, target)
        assert sandbox.ledger.count(what="deleted") == 2
        assert sync.provision(file, target, job=tmp_path / "again.job").counts.created == 2


def test_in_a_script(tmp_path: Path) -> None:
    run_all(tmp_path)


async def test_under_a_running_loop(tmp_path: Path) -> None:
    run_all(tmp_path)


def test_an_error_is_the_same(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read"):
        sync.provision(tmp_path / "none.csv", AlloyDirectory(AsyncAlloy("key")))
