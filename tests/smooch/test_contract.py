"""Smooch's operation classes and models against its contract; nothing is sent here."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from alloy_async.core.codec.fields import NULL
from alloy_async.core.codec.typed_json import from_wire
from alloy_async.core.errors import Conflict, InvalidRequest
from alloy_async.core.messages.request import Request, compile_operation
from alloy_async.core.messages.unexpected_answers import error_from_response
from alloy_async.core.operation.operation import Operation
from alloy_async.smooch import AsyncSmooch, models, operations

from .oracle import CALLS, SmoochCall

IMMEDIATE = models.Confirmation("immediate")


@pytest.mark.parametrize("call", CALLS, ids=repr)
def test_arguments_stand_in_the_seeds_order(call: SmoochCall) -> None:
    operation = getattr(AsyncSmooch, call.name).operation
    assert [*inspect.signature(operation).parameters] == call.spec["x-signature"]


# Requests


def test_a_list_in_a_query_is_sent_as_the_vendors_package_sends_it() -> None:
    assert "%2C" in build(operations.GetLinkRequests("a", "u", ["i", "j"])).target


def build(operation: Operation[Any]) -> Request:
    return compile_operation(operation).build_request(operation)


WRONG: Any = object()
NESTED: Any = {"a": 1, "b": {"c": 2}}


def link(channel: str, **members: Any) -> operations.LinkAppUser:
    return operations.LinkAppUser("a", "u", models.AppUserLink(channel, IMMEDIATE, **members))


def prompt(*items: models.MessageItem) -> operations.LinkAppUser:
    message = models.MessagePost("appMaker", "carousel", items=items)
    confirmation = models.Confirmation("prompt", message)
    return operations.LinkAppUser("a", "u", models.AppUserLink("telegram", confirmation))


def item(actions: int) -> models.MessageItem:
    return models.MessageItem("Title", [models.Action("reply", "Yes")] * actions)


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (operations.GetAppUser("", "u"), "app_id is empty"),
        (operations.GetAppUser("a", ".."), "user_id is '..'"),
        (operations.GetAppUser("a", WRONG), "user_id: expected text"),
        (operations.UnlinkAppUser("a", "u", ""), "channel is empty"),
        (operations.PreCreateAppUser("a", WRONG), "app_user_pre_create_body: expected a AppUserPreCreate"),
        (operations.PreCreateAppUser("a", models.AppUserPreCreate(WRONG)), r"app_user_pre_create_body\.user_id: expected"),
        (operations.PreCreateAppUser("a", models.AppUserPreCreate("u", properties=NESTED)), "is flat: 'b'"),
        (operations.UpdateAppUser("a", "u", models.AppUserUpdate(properties={"c": [1]})), "is flat: 'c'"),
        (operations.UpdateAppUser("a", "u", WRONG), "app_user_update_body: expected a AppUserUpdate"),
        (operations.GetLinkRequests("a", "u", []), "needs one id or more"),
        (operations.GetLinkRequests("a", "u", ["i", "j,k"]), r"integration_ids\[1\].*comma"),
        (operations.GetLinkRequests("a", "u", [""]), r"integration_ids\[0\] is empty"),
        (operations.GetLinkRequests("a", "u", [WRONG]), r"integration_ids\[0\]: expected text"),
        (operations.GetLinkRequests("a", "u", "i"), "integration_ids: expected a list"),
        (operations.GetLinkRequests("a", "u", WRONG), "integration_ids: expected a list"),
        (operations.LinkAppUser("a", "u", WRONG), "app_user_link_body: expected a AppUserLink"),
        (link("twilio"), "twilio needs phone_number"),
        (link("twilio", phone_number="5550100"), r"twilio needs phone_number with \+"),
        (link("messagebird", phone_number="5550100"), r"messagebird needs phone_number with \+"),
        (link("messenger"), "messenger needs phone_number"),
        (link("mailgun", phone_number="+1"), "mailgun needs address"),
        (prompt(*[item(1)] * 11), "items takes at most 10, not 11"),
        (prompt(item(1), item(0)), r"items\[1\]\.actions takes 1 to 3, not 0"),
        (prompt(item(4)), r"items\[0\]\.actions takes 1 to 3, not 4"),
        (operations.LinkAppUser("a", "u", models.AppUserLink("line", WRONG)), r"app_user_link_body\.confirmation: expected"),
        (operations.PostImageMessage("a", "u", b"x", WRONG), "role: expected one of 'appUser', 'appMaker'"),
        (operations.PostImageMessage("a", "u", WRONG, "appUser"), "source: expected a path, bytes"),
    ],
    ids=lambda value: getattr(value, "name", value),
)  # fmt: skip
def test_wrong_arguments_are_refused_by_name(operation: Operation[Any], reason: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^{operation.name}: .*{reason}.*nothing was sent") as caught:
        build(operation)
    assert caught.value.effect == "none"


@pytest.mark.parametrize(
    "operation",
    [
        link("messenger", phone_number="5550100"),
        link("mailgun", address="a@b.example"),
        link("a newer channel"),
        prompt(*[item(3)] * 10),
    ],
)
def test_what_the_service_may_take_is_sent(operation: Operation[Any]) -> None:
    assert build(operation).body


def test_null_is_sent_where_asked_for() -> None:
    changes = models.AppUserUpdate(surname="L", email=NULL, properties={"plan": None})
    body = build(operations.UpdateAppUser("a", "u", changes)).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"surname": "L", "email": None, "properties": {"plan": None}}


# Answers


def test_a_message_may_lack_what_the_vendors_package_demands() -> None:
    answer = {"message": {"_id": "1", "actions": [{"type": "reply"}]}, "conversation": {"_id": "2"}}
    message = from_wire(models.MessageResponse, answer).message
    assert message is not None
    assert (message.id, message.type, message.text) == ("1", None, None)
    assert message.actions == [models.Action("reply", None)]


@pytest.mark.parametrize("status", [400, 402, 409, 413, 429, 503])
def test_an_error_brings_its_typed_body(status: int) -> None:
    raw = b'{"error": {"code": "too_bad", "description": "No.", "hint": 1}}'
    error = error_from_response(operations.GetAppUser("a", "u"), status, {}, raw, None, 0.0)
    assert error.body == models.Error(models.ErrorDetail("too_bad", "No.", extra={"hint": 1}))
    assert str(status) in error.message
    assert "No." in error.message
    assert isinstance(error, Conflict) is (status == 409)


# Secrets


@pytest.mark.parametrize(
    "value",
    [
        models.AuthCodeResponse("canary"),
        models.LinkRequestResponseLinkRequests("i", "line", code="canary"),
        models.LinkRequestResponseLinkRequests("i", "line", url="https://line.example/canary"),
        models.DeviceClient("1", push_notification_token="canary"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_do_not_show(value: Any) -> None:
    assert "canary" not in repr(value)
    assert "***" in repr(value)


def test_an_upload_shows_without_its_bytes() -> None:
    shown = repr(operations.PostImageMessage("a", "u", b"x" * 1000, "appUser"))
    assert shown == "PostImageMessage(app_id='a', user_id='u', source=<1000 bytes>, role='appUser')"
