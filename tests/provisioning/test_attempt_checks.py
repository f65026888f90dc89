"""Who may no longer send, as a worker whose lease is over, ends its run: no row fails for that, whatever the system's calls."""

from __future__ import annotations

import pytest

from alloy_async.directory import UserRecord
from alloy_async.provisioning import JobUnavailable
from alloy_async.provisioning.database_outages import end_run_where_check_fails
from simulation.sandbox_directories import SYSTEMS, directory_of, empty_sandbox, place_of


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("outer", [True, False], ids=["outer check", "inner check"])
async def test_a_check_that_fails_ends_the_run_and_fails_no_row(system: str, outer: bool) -> None:
    checks = 0

    def refuse() -> None:
        nonlocal checks
        checks += 1
        raise JobUnavailable("the database did not answer in time", "june")

    def allow() -> None:
        pass

    users = [
        UserRecord(
            username=f"u{n}@x.example",
            email=f"u{n}@x.example",
            given_name="Ada",
            family_name="Quist",
            password="Correct-H0rse-battery",
        )
        for n in range(3)
    ]
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        with (
            pytest.raises(JobUnavailable, match="did not answer in time"),
            end_run_where_check_fails(refuse if outer else allow),
            end_run_where_check_fails(allow if outer else refuse),
        ):
            await directory.create(users)
        assert checks > 0
        assert not len(sandbox.ledger)
