"""The report of what a service sends that the models do not know."""

from __future__ import annotations

import json

import pytest

from alloy_async import AsyncAlloy, AsyncOpendatasoft, AsyncSmooch, from_wire
from alloy_async.alloy import models, operations
from alloy_async.core.operation.operation import find_result_type
from alloy_async.systems import SYSTEMS
from alloy_async.testing import DriftFound, DriftReport, Sandbox
from tests.core.server import Scripted, reply

pytest_plugins = ("pytester",)

USERS = {
    "data": [
        {"userId": "1", "username": "ada", "newMember": 1, "credentials": []},
        {"userId": "2", "username": None, "newMember": {"deep": 1}, "other": 2},
    ]
}


async def test_unknown_members_are_counted_by_operation_and_path() -> None:
    async with Scripted(reply(200, USERS)) as service:
        with DriftReport() as drift:
            async with AsyncAlloy("key", base_url=service.url, on_result=drift) as client:
                await client.list_all_users()
                await client.list_all_users()
    found = drift.operations["list_all_users"]
    assert found.answers == 2
    assert found.unknown_members["$.data[].newMember"] == 4
    assert found.unknown_members["$.data[].other"] == 2
    assert (found.absent["$.data[].username"], found.seen["$.data[].username"]) == (2, 4)
    assert drift.found
    assert "list_all_users: unknown member $.data[].newMember (4 times in 2 answers)" in str(drift)
    assert json.loads(json.dumps(drift.to_dict()))["list_all_users"]["absent"]["$.data[].username"] == [2, 4]


async def test_unknown_values_of_enumerations_are_counted() -> None:
    user = {"username": "ada", "account_type": "borrowed", "permissions": ["edit_page", "fly", "fly"]}
    async with Scripted(reply(200, user)) as service:
        with DriftReport() as drift:
            async with AsyncOpendatasoft("key", base_url=service.url, on_result=drift) as client:
                await client.get_user("ada")
    found = drift.operations["get_user"]
    assert found.unknown_values == {("$.account_type", "'borrowed'"): 1, ("$.permissions[]", "'fly'"): 2}
    assert not found.unknown_members


async def test_a_strict_report_fails_at_its_end() -> None:
    drift = DriftReport(strict=True)
    drift(operations.GetAUser("ada"), models.User("1", extra={"new": 1}))
    with pytest.raises(DriftFound, match=r"get_a_user: unknown member \$\.new"), drift:
        pass
    with pytest.raises(ZeroDivisionError), drift:
        raise ZeroDivisionError
    with DriftReport(strict=True) as fine:
        fine(operations.GetAUser("ada"), models.User("1"))
    assert str(fine) == "no drift"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("get_a_user $.new", False),
        ("* $.new", False),
        ("* $.data[].*", True),
        ("get_a_user *", False),
        ("other $.new", True),
    ],
)
def test_what_is_known_to_drift_can_be_left_out(pattern: str, found: bool) -> None:
    drift = DriftReport(ignore=(pattern,))
    drift(operations.GetAUser("ada"), models.User("1", extra={"new": 1}))
    assert drift.found is found


def test_a_pattern_with_brackets_means_them() -> None:
    drift = DriftReport(ignore=("* $.data[].new",))
    users = {"data": [{"userId": "1", "new": 1}]}
    drift(operations.ListAllUsers(), from_wire(find_result_type(operations.ListAllUsers), users))
    assert not drift.found


@pytest.mark.parametrize("system", SYSTEMS)
async def test_the_sandboxes_do_not_drift(system: str) -> None:
    from benchmarks.random_calls.filled_operations import create_filled, iterate_operations

    with Sandbox(system) as sandbox, DriftReport() as drift:
        async with sandbox.async_client() as plain:
            client = plain.with_options(on_result=drift)
            for cls in iterate_operations(system):
                if cls.verb == "GET":
                    try:
                        await client.send(create_filled(cls, "ada", "x"))
                    except Exception:
                        continue
    assert str(drift) == "no drift"


async def test_a_result_without_a_model_is_looked_through_too() -> None:
    async with Scripted(reply(200, {})) as service, AsyncSmooch("token", base_url=service.url) as client:
        drift = DriftReport()
        await client.with_options(on_result=drift).delete_app_user("app", "user")
    assert drift.to_dict()["delete_app_user"]["answers"] == 1


def test_the_fixture_reports_and_fails_only_where_wanted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from alloy_async.alloy import models, operations

        def test_it(drift_report):
            drift_report(operations.GetAUser("ada"), models.User("1", extra={"new": 1}))
        """
    )
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)
    failing = pytester.runpytest_subprocess("-p", "no:randomly", "--fail-on-drift")
    failing.assert_outcomes(passed=1, errors=1)
    failing.stdout.fnmatch_lines(["*unknown member $.new*"])
