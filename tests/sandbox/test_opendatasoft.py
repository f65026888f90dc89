"""The Opendatasoft service: what each operation does. The `call` fixture holds every answer against the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from alloy_async.sandbox import Limit, Sandbox
from alloy_async.sandbox.opendatasoft.service import IDENTITY_PROVIDER

from .conftest import Caller


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("opendatasoft", seed_users=6) as sandbox:
        yield sandbox


async def names(call: Caller, query: str = "") -> list[str]:
    reply = await call("GET", f"/users/{query}")
    assert reply.status == 200, reply.body
    return [user["username"] for user in reply.body["results"]]


async def test_each_invited_user_gets_a_verdict(call: Caller) -> None:
    invited = [
        {"email": "ada@x.example", "groups": [{"uid": "readers"}], "first_name": "Ada"},
        {"email": "ADA@x.example"},
        {"email": "nobody"},
        {"email": "eve@x.example", "groups": [{"uid": "robots"}]},
        {"email": "bob@x.example", "username": "export"},
        {"email": "ada@y.example"},
        {"email": "bob@x.example", "permissions": ["edit_theme"]},
    ]
    reply = await call("POST", "/users/invite/", invited)
    assert reply.status == 200
    assert list(reply.body) == [str(n) for n in range(7)]
    verdicts = [verdict["status_code"] for verdict in reply.body.values()]
    assert verdicts == ["success", *["error"] * 5, "success"]
    assert all(v["error"]["error_code"] == "validation_error" for v in reply.body.values() if "error" in v)
    assert (await call("GET", "/users/ada/")).body == reply.body["0"]["data"]
    assert [(effect.what, effect.key) for effect in call.sandbox.ledger] == [
        ("created", "ada"),
        ("created", "bob"),
    ]


async def test_a_user_is_provisioned_for_a_known_provider(call: Caller) -> None:
    for uid, verdict in ((IDENTITY_PROVIDER, "success"), ("unknown", "error")):
        body = {"email": f"{uid}@x.example", "identity_provider": {"uid": uid}}
        reply = await call("POST", "/users/provision/", body)
        assert [(n, v["status_code"]) for n, v in reply.body.items()] == [("0", verdict)]
    user = (await call("GET", f"/users/{IDENTITY_PROVIDER}/")).body
    assert (user["account_type"], user["identity_providers"]) == ("linked", [{"uid": IDENTITY_PROVIDER}])
    assert (await call("POST", "/users/provision/", [])).status == 400


async def test_a_change_without_a_body_changes_nothing(call: Caller) -> None:
    before = (await call("GET", "/users/chiara.2/")).body
    assert (await call("PUT", "/users/chiara.2/")).body == before


async def test_a_change_leaves_what_it_does_not_name(call: Caller) -> None:
    before = (await call("GET", "/users/chiara.2/")).body
    body = {"email": before["email"], "first_name": "Clara", "groups": [{"uid": "editors"}]}
    reply = await call("PUT", "/users/chiara.2/", body)
    assert reply.body == {
        **before,
        "first_name": "Clara",
        "display_name": f"Clara {before['last_name']}",
        "groups": [{"uid": "editors"}],
    }
    assert (await call("PUT", "/users/chiara.2/", {**body, "username": "clara"})).status == 422
    assert (await call("PUT", "/users/chiara.2/", {"email": "ada.0@northwind.example"})).status == 422
    assert (await call("PUT", "/users/nobody/", body)).status == 404


async def test_groups_are_whole_where_expanded(call: Caller) -> None:
    assert (await call("GET", "/users/ada.0/")).body["groups"] == [{"uid": "editors"}]
    (editors,) = (await call("GET", "/users/ada.0/?expand=groups")).body["groups"]
    assert (editors["title"], editors["user_count"]) == ("Editors", 2)


async def test_the_only_administrator_stays(call: Caller) -> None:
    refusal = await call("DELETE", "/users/ada.0/")
    assert (refusal.status, refusal.body["error_code"]) == (400, "bad_request")
    await call("POST", "/users/invite/", [{"email": "root@x.example", "permissions": ["edit_domain"]}])
    assert (await call("DELETE", "/users/ada.0/")).status == 204
    assert (await call("DELETE", "/users/ada.0/")).body["error_code"] == "not_found"
    assert (await call("DELETE", "/users/root/")).status == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?search=DMITRI", ["dmitri.3"]),
        ("?search=northwind&limit=2", ["ada.0", "bjarne.1"]),
        ("?search=nobody", []),
        ("?permissions=edit_domain", ["ada.0"]),
        ("?permissions=edit_dataset", []),
        ("?all_permissions=edit_dataset", ["ada.0", "dmitri.3"]),
        ("?all_permissions=edit_dataset&all_permissions=edit_domain", ["ada.0"]),
        ("?sort=last_seen_at&limit=2", ["farid.5", "elif.4"]),
        ("?limit=0", []),
        ("?offset=5", ["farid.5"]),
        ("?offset=99", []),
    ],
)
async def test_users_are_searched_filtered_and_sorted(call: Caller, query: str, expected: list[str]) -> None:
    assert await names(call, query) == expected


async def test_pages_name_their_neighbours(call: Caller) -> None:
    page: Any = (await call("GET", "/users/?limit=2&sort=username&sort=last_name")).body
    walked = [page]
    while page["next"]:
        assert page["next"].startswith(call.sandbox.url)
        page = (await call("GET", f"/users/?{urlsplit(page['next']).query}")).body
        walked.append(page)
    assert [len(page["results"]) for page in walked] == [2, 2, 2]
    assert [page["total_count"] for page in walked] == [6, 6, 6]
    assert walked[0]["previous"] is None
    assert "offset=0" in walked[1]["previous"]


async def test_the_export_is_csv(call: Caller) -> None:
    reply = await call("GET", "/users/export/?delimiter=%3B")
    header, first, *_, last = reply.body.decode().split("\r\n")
    assert header == "username;last_name;first_name;email;date_joined;last_seen;groups;permissions"
    assert first.startswith("ada.0;")
    assert first.endswith(";Editors;edit_domain")
    assert last == ""
    assert (await call("GET", "/users/export/?delimiter=ab")).status == 400


@pytest.mark.parametrize(
    ("key", "query", "status"),
    [
        ("Apikey key", "", 200),
        ("apikey key", "", 200),
        ("key", "", 401),
        ("Bearer key", "", 401),
        ("Apikey wrong", "?apikey=key", 401),
    ],
)
async def test_a_key_has_its_scheme(call: Caller, key: str, query: str, status: int) -> None:
    assert (await call("GET", f"/users/{query}", key=key)).status == status


@pytest.mark.parametrize("form", ["automation", "search"])
async def test_a_quota_shows_in_headers_and_in_either_body(form: str) -> None:
    limit = Limit(rate=1 / 3600, headers="x-ratelimit")
    async with Sandbox("opendatasoft", limit=limit, quota_body=form, clock=lambda: 1_000_000_000) as sandbox:
        service = sandbox.service
        headers = dict(sandbox.limiter.admit_or_refuse("key"))
        assert headers == {
            "X-RateLimit-Limit": "1",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": "1000003600",
        }
        assert service.create_error_body(429, "x")["error_code"] == "too_many_requests"
        from alloy_async.sandbox import ApiError

        with pytest.raises(ApiError) as refused:
            sandbox.limiter.admit_or_refuse("key")
        answer = service.reply_to_error(refused.value)
    expected = {
        "automation": b'{"error_code":"too_many_requests","message":"Too many requests."}',
        "search": b'{"errorcode":10002,"reset_time":"2001-09-09T02:46:40Z","limit_time_unit":"day",'
        b'"call_limit":1,"error":"Too many requests."}',
    }
    assert (answer.status, answer.body) == (429, expected[form])
