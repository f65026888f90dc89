"""Smooch's operation classes and models against its contract; nothing is sent here."""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.core.codec.fields import NULL, get_fields
from alloy_async.core.codec.json_codec import from_wire, to_wire
from alloy_async.core.codec.model import Model
from alloy_async.core.errors import Conflict, InvalidRequest
from alloy_async.core.messages.multipart import Multipart
from alloy_async.core.messages.request import Request, compile_operation
from alloy_async.core.messages.response import error_from_response
from alloy_async.core.messages.upload import FileSource
from alloy_async.core.operation.endpoint import endpoint
from alloy_async.core.operation.operation import Operation, find_result_type
from alloy_async.core.operation.paging import Listing, Unpaged
from alloy_async.sandbox.contract.multipart_form import FilePart, read_form
from alloy_async.smooch import AsyncSmooch, Smooch, SmoochMethods, models, operations

from ..oracle import Schema, made_in, plain
from .oracle import CALLS, CONTRACT, SmoochCall, is_flat

each_call = pytest.mark.parametrize("call", CALLS, ids=repr)
some_examples = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
IMMEDIATE = models.Confirmation("immediate")


def operation_of(call: SmoochCall) -> type[Operation[Any]]:
    found: type[Operation[Any]] = getattr(AsyncSmooch, call.name).operation
    return found


def test_all_12_operations_are_methods_and_nothing_else_is() -> None:
    made = {cls.name for cls in made_in(operations, Operation)}
    methods = {name for name, method in vars(SmoochMethods).items() if isinstance(method, endpoint)}
    assert made == methods == {call.name for call in CALLS}
    assert len(made) == 12


@each_call
def test_name_verb_route_arguments(call: SmoochCall) -> None:
    operation = operation_of(call)
    assert getattr(Smooch, call.name).operation is operation
    assert (operation.name, operation.verb, operation.route) == (call.name, call.verb, call.route)
    assert operation.idempotent is call.spec["x-idempotent"]
    assert operation.errors == {"default": models.Error}
    parameters = inspect.signature(operation).parameters.values()
    assert [(p.name, p.default is p.empty) for p in parameters] == [
        (a.name, a.required) for a in call.arguments
    ]
    assert [p.name for p in parameters] == call.spec["x-signature"]


@each_call
def test_docstring_tells_every_argument_and_where_the_call_goes(call: SmoochCall) -> None:
    text = inspect.getdoc(operation_of(call)) or ""
    assert f"\n{call.verb} {call.route}" in text
    assert "\nReturns:\n" in text
    for argument in call.arguments:
        assert f"\n    {argument.name}: " in text


@each_call
def test_listings_are_those_of_the_contract(call: SmoochCall) -> None:
    operation = operation_of(call)
    pagination = call.spec.get("x-pagination")
    assert issubclass(operation, Listing) is (pagination is not None)
    if issubclass(operation, Listing):
        names = {field.name: field.wire for field in get_fields(find_result_type(operation))}
        assert type(operation.paging) is Unpaged
        assert operation.paging.items is not None
        assert pagination == {
            "style": "none",
            "request": [],
            "items": names[operation.paging.items],
            "key": None,
        }


# Requests


def typed(operation: type[Operation[Any]], values: Mapping[str, Any]) -> Operation[Any]:
    """The operation for arguments given as JSON values, a file's as its text."""
    types = {field.name: field.type for field in get_fields(operation)}
    return operation(
        **{
            name: value.encode() if types[name] == FileSource else from_wire(types[name], value)
            for name, value in values.items()
        }
    )


def form_of(body: Any) -> dict[str, Any]:
    """What a strict reader finds in a multipart body."""
    assert isinstance(body, Multipart)

    async def collected() -> bytes:
        async with body:
            return b"".join([piece async for piece in body.pieces()])

    raw = asyncio.run(collected())
    assert len(raw) == body.size
    return read_form(raw, body.content_type)


@each_call
@some_examples
@given(data=st.data())
def test_request_is_the_contracts(call: SmoochCall, data: st.DataObject) -> None:
    values = data.draw(call.values())
    request = build(typed(operation_of(call), values))
    split = urlsplit(request.target)
    verb, path, query, body = call.request(values)
    assert (request.verb, split.path) == (verb, path)
    assert parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query)) == query
    assert "," not in split.query, "the vendor's package sends %2C"
    if isinstance(request.body, Multipart):
        form = form_of(request.body)
        sent = call.form(values)
        assert form == {**sent, "source": FilePart.received(memoryview(sent["source"].encode()), "", "")}
    else:
        assert plain(json.loads(request.body) if request.body is not None else None) == plain(body)


def build(operation: Operation[Any]) -> Request:
    return compile_operation(operation).build(operation)


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


@each_call
@some_examples
@given(data=st.data())
def test_answer_comes_back_whole(call: SmoochCall, data: st.DataObject) -> None:
    result = find_result_type(operation_of(call))
    if call.answer is None:
        assert result is type(None)
        return
    answer = data.draw(CONTRACT.values(call.answer))
    assert plain(to_wire(from_wire(result, answer))) == plain(answer)


@each_call
def test_an_empty_answer_is_no_error(call: SmoochCall) -> None:
    result = find_result_type(operation_of(call))
    if call.answer is not None:
        decoded = from_wire(result, {})
        assert all(getattr(decoded, field.name) is None for field in get_fields(result))


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


# Models


def reached(of: Any, schema: Schema, seen: set[Any]) -> Iterator[tuple[type[Model], Schema]]:
    """Each model below a type, with its schema; a type that cannot hold its schema fails."""
    schema = CONTRACT.resolve(schema)
    members = {get_origin(member) or member: member for member in flattened(of)}
    kind = schema.get("type")
    if kind == "array":
        (sequence,) = (member for origin, member in members.items() if origin in (list, Sequence))
        yield from reached(get_args(sequence)[0], schema["items"], seen)
    elif kind == "object" and ("properties" not in schema or is_flat(schema)):
        assert Mapping in members
    elif kind == "object":
        (model,) = (m for m in members.values() if isinstance(m, type) and issubclass(m, Model))
        if model in seen:
            return
        seen.add(model)
        yield model, schema
        types = {field.wire: field.type for field in get_fields(model)}
        for name, member in schema["properties"].items():
            yield from reached(types[name], member, seen)
    elif schema.get("x-observed-format") == "date-time":
        assert {datetime, str} <= members.keys()
    elif known := schema.get("x-known-values") or schema.get("enum"):
        literals = [m for m in flattened(of) if get_origin(m) is typing.Literal]
        assert [value for literal in literals for value in get_args(literal)] == known
        assert (str in members) is ("enum" not in schema), (
            "only a known set of the caller's own choices is closed"
        )
    else:
        # The package's newer version has a float for the one integer that is a time zone.
        number = float if "x-type-in-5.34.0" in schema else int
        assert {"string": str, "boolean": bool, "integer": number, "number": float}[str(kind)] in members


def flattened(of: Any) -> list[Any]:
    if get_origin(of) in (typing.Union, type(int | str)):
        return [member for part in get_args(of) for member in flattened(part)]
    return [of]


def test_models_declare_what_the_contract_does_and_no_more() -> None:
    answered: dict[type[Model], Schema] = {}
    sent: dict[type[Model], Schema] = {}
    for call in CALLS:
        operation = operation_of(call)
        types = {field.name: field.type for field in get_fields(operation)}
        for argument in call.arguments:
            if argument.where == "body" and types[argument.name] != FileSource:
                sent |= dict(reached(types[argument.name], argument.schema, set()))
        if call.answer is not None:
            answered |= dict(reached(find_result_type(operation), call.answer, set()))
    answered |= dict(reached(models.Error, CONTRACT.document["components"]["schemas"]["Error"], set()))
    for model, schema in (answered | sent).items():
        assert {field.wire for field in get_fields(model)} == schema["properties"].keys(), model
        required = {field.wire for field in get_fields(model) if field.required}
        assert required == (set(schema.get("required", ())) if model in sent else set()), model
        if model in answered:
            assert all(type(None) in get_args(field.type) for field in get_fields(model)), "may lack anything"
    assert made_in(models, Model) == answered.keys() | sent.keys()


def test_every_schema_has_a_model_of_its_name() -> None:
    for name in CONTRACT.document["components"]["schemas"].keys() - {"PostImageMessageForm"}:
        assert issubclass(getattr(models, name), Model)


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
