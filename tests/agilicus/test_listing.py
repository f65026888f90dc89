"""Agilicus's lists: pages by email in either direction, pages by offset, and what is refused beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from alloy_async import InvalidRequest, Listing, Operation
from alloy_async.agilicus import Agilicus, AsyncAgilicus, models, operations
from alloy_async.core.messages.request import compile_operation
from alloy_async.sandbox import Sandbox

LISTS_BY_EMAIL: list[Listing[Any, Any]] = [
    operations.ListUsers(limit=3),
    operations.ListCombinedUserDetails(limit=3),
]


@pytest.mark.parametrize("operation", LISTS_BY_EMAIL, ids=lambda operation: operation.name)
async def test_pages_by_email_from_the_first_on(
    agilicus_sandbox: Sandbox, operation: Listing[Any, Any]
) -> None:
    async with AsyncAgilicus("key", base_url=agilicus_sandbox.url) as agilicus:
        walked = [row async for row in agilicus.iterate(operation)]
    with Agilicus("key", base_url=agilicus_sandbox.url) as direct:
        assert list(direct.iterate(operation)) == walked
    assert len(walked) == len({row.id for row in walked}) == 12
    cursors = [dict(request.query)["previous_email"] for request in agilicus_sandbox.requests]
    assert cursors[0] == "", "the first page is asked for with an empty email"
    assert len(cursors) == 2 * 4
    assert "" not in cursors[1:4]


async def test_pages_by_email_backwards(agilicus_sandbox: Sandbox) -> None:
    forwards = operations.ListUsers(limit=5)
    backwards = operations.ListUsers(limit=5, search_direction="backwards")
    async with AsyncAgilicus("key", base_url=agilicus_sandbox.url) as agilicus:
        emails = [user.email async for user in agilicus.iterate(forwards)]
        pages = [page async for page in agilicus.iterate(backwards).pages()]
        before = operations.ListUsers(previous_email=emails[4], search_direction="backwards")
        four = [user.email async for user in agilicus.iterate(before)]
    assert [user.email for page in reversed(pages) for user in page] == emails
    assert [len(page) for page in pages] == [5, 5, 2]
    assert four == emails[:4]


async def test_a_walk_is_taken_up_where_it_stood(agilicus_sandbox: Sandbox) -> None:
    operation = operations.ListUsers(limit=5, type=["user"])
    async with AsyncAgilicus("key", base_url=agilicus_sandbox.url) as agilicus:
        everybody = [user async for user in agilicus.iterate(operation)]
        walk, taken = agilicus.iterate(operation), []
        async for user in walk:
            taken.append(user)
            if len(taken) == 6:
                break
        taken += [user async for user in agilicus.iterate(operation, token=walk.token)]
    assert taken == everybody


async def test_who_comes_and_goes_on_the_way_moves_nobody_else(agilicus_sandbox: Sandbox) -> None:
    operation = operations.ListUsers(limit=3, type=["user"])
    async with AsyncAgilicus("key", base_url=agilicus_sandbox.url) as agilicus:
        everybody = [user.email async for user in agilicus.iterate(operation)]
        seen = []
        async for user in agilicus.iterate(operation):
            seen.append(user.email)
            if len(seen) == 4:
                await agilicus.delete_user(user.org_id or "", user.id or "")
                await agilicus.create_user(models.User(email="aaa@northwind.example", org_id=user.org_id))
    assert seen == everybody


async def test_access_requests_are_paged_by_email(agilicus_sandbox: Sandbox) -> None:
    async with AsyncAgilicus("key", base_url=agilicus_sandbox.url) as agilicus:
        users = (await agilicus.list_users(type=["user"])).users or []
        (org, *_) = (await agilicus.list_all_user_orgs(users[0].id or "")).orgs or []
        assert org.id
        (asked,) = (await agilicus.list_user_requests()).user_requests or []
        for user in users:
            assert user.id
            spec = models.UserRequestInfoSpec(user.id, org.id, asked.spec.requested_resource, "fileshare")
            await agilicus.create_user_request(models.UserRequestInfo(spec))
        for direction in ("forwards", "backwards"):
            operation = operations.ListAccessRequests(org.id, limit=3, search_direction=direction)
            walked = [entry.id async for entry in agilicus.iterate(operation)]
            assert sorted(walked, key=str) == sorted((user.id for user in users), key=str)
        assert dict(agilicus_sandbox.requests[-1].query)["email"], "pages after the first one name an email"


async def test_roles_are_paged_by_offset_and_a_shift_repeats_nobody(agilicus_sandbox: Sandbox) -> None:
    operation = operations.ListOrgUserRoles(limit=2)
    async with AsyncAgilicus("key", base_url=agilicus_sandbox.url) as agilicus:
        rows = [row async for row in agilicus.iterate(operation)]
        assert len(rows) == len({row.identity for row in rows}) == 10
        walk, seen = agilicus.iterate(operation), []
        async for row in walk:
            seen.append(row)
            if len(seen) == 2:  # a row before those that were read
                first = models.ReplaceUserRoleRequest(
                    {"wiki": ["viewer", "admin", "owner"], "crm": ["editor"]}
                )
                await agilicus.replace_user_role(row.user_id or "", row.org_id, first)
        assert walk.repeated_count == 0
        assert len(seen) == 11
    assert [dict(r.query).get("offset") for r in agilicus_sandbox.requests][:6] == [
        None,
        "2",
        "4",
        "6",
        "8",
        "10",
    ]


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (operations.ListUsers(limit=0), "limit must be 1 to 500, not 0"),
        (operations.ListUserMetadata(501), "limit must be 1 to 500, not 501"),
        (operations.ListOrgUserRoles(limit=501, offset=1), "limit must be 1 to 500, not 501"),
        (operations.ListOrgUserRoles(offset=-1), "offset must be 0 or more, not -1"),
        (operations.ListUsers(type=["person"]), r"type\[0\].*expected one of"),  # type: ignore[list-item]
        (operations.GetUser("org_user_roles"), "path of another operation"),
        (operations.GetUser(".."), "user_id"),
        (operations.CreateChallengeMethod("u", None), "mfa_challenge_method"),  # type: ignore[arg-type]
        (
            operations.CreateUserMetadata(models.UserMetadata(models.UserMetadataSpec(None))),  # type: ignore[arg-type]
            "user_metadata.spec.user_id: is required",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_sent(operation: Operation[Any], reason: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{operation.name}: .*{reason}.*nothing was sent"):
        compile_operation(operation).build_request(operation)


def test_every_list_with_a_limit_checks_it() -> None:
    found = [getattr(operations, name) for name in operations.__all__]  # each is loaded on first use
    listings = [cls for cls in found if isinstance(cls, type) and issubclass(cls, Listing)]
    assert len(listings) == 13
    for cls in listings:
        limited = hasattr(cls, "limit")
        assert issubclass(cls, operations.common.LimitedListing) is limited, cls
