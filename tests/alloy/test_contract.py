"""Alloy's operation classes against Alloy's contract; nothing is sent here."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.alloy import Alloy, AlloyMethods, AsyncAlloy, models, operations
from alloy_async.core.codec import from_wire, to_wire
from alloy_async.core.errors import DecodeError, InvalidRequest
from alloy_async.core.model import NULL, Model, fields_of
from alloy_async.core.operation import Listing, Operation, endpoint, result_type
from alloy_async.core.paging import ByPage, Unpaged
from alloy_async.core.plan import plan_of

from ..oracle import made_in
from .oracle import CALLS, Call, is_free, resolve, values_of

each_call = pytest.mark.parametrize("call", CALLS, ids=repr)
some_examples = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def operation_of(call: Call) -> type[Operation[Any]]:
    found: type[Operation[Any]] = getattr(AsyncAlloy, call.name).operation
    return found


def test_all_36_operations_are_methods_and_nothing_else_is() -> None:
    made = {cls.name for cls in made_in(operations, Operation)}
    methods = {name for name, method in vars(AlloyMethods).items() if isinstance(method, endpoint)}
    assert made == {call.name for call in CALLS}
    assert methods - made == {"rerun_workflow", "credential_metadata_by_app"}
    assert len(made) == 36


@each_call
def test_name_verb_route_arguments(call: Call) -> None:
    operation = operation_of(call)
    assert getattr(Alloy, call.name).operation is operation
    assert (operation.name, operation.verb, operation.route) == (call.name, call.verb, call.route)
    assert operation.idempotent is call.spec["x-idempotent"]
    assert dict.fromkeys(call.error_statuses, models.ErrorMessage) == operation.errors
    parameters = inspect.signature(operation).parameters.values()
    assert [(p.name, p.default is p.empty) for p in parameters] == [
        (a.name, a.required) for a in call.arguments
    ]
    assert all(p.default in (p.empty, None) for p in parameters), "a default is never sent"


@pytest.mark.parametrize(
    ("twin", "name"),
    [
        ("rerun_workflow", "rerun_workfow"),
        ("credential_metadata_by_app", "credential_medata_by_app"),
    ],
)
def test_misspelt_names_have_twins(twin: str, name: str) -> None:
    for client in (AsyncAlloy, Alloy):
        assert getattr(client, twin) is getattr(client, name)


@each_call
def test_docstring_tells_every_argument_and_where_the_call_goes(call: Call) -> None:
    text = inspect.getdoc(operation_of(call)) or ""
    assert f"\n{call.verb} {call.route}\n" in text
    assert "\nReturns:\n" in text
    for argument in call.arguments:
        assert f"\n    {argument.name}: " in text


@each_call
def test_type_hints_resolve(call: Call) -> None:
    hints = typing.get_type_hints(operation_of(call), include_extras=True)
    assert hints.keys() >= {argument.name for argument in call.arguments}


# Requests


def typed(operation: type[Operation[Any]], values: Mapping[str, Any]) -> Operation[Any]:
    """The operation for arguments given as JSON values."""
    types = {field.name: field.type for field in fields_of(operation)}
    return operation(**{name: from_wire(types[name], value) for name, value in values.items()})


@each_call
@some_examples
@given(data=st.data())
def test_request_is_the_contracts(call: Call, data: st.DataObject) -> None:
    values = data.draw(call.values())
    request = plan_of(operation := typed(operation_of(call), values)).build(operation)
    split = urlsplit(request.target)
    verb, path, query, body = call.request(values)
    assert (request.verb, split.path) == (verb, path)
    assert parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query)) == query
    assert (json.loads(request.body) if request.body is not None else None) == body


def test_none_is_left_out_and_null_is_sent() -> None:
    operation = operations.UpdateAUser("ada", username=None, full_name=NULL)
    assert plan_of(operation).build(operation).body == b'{"fullName":null}'


def build(operation: Operation[Any]) -> None:
    plan_of(operation).build(operation)


@pytest.mark.parametrize(
    "operation",
    [
        operations.ActivateAWorkflow("ada"),
        operations.DeactivateAWorkflow("ada", workflow_name=""),
        operations.RunWorkflow("ada", {}),
    ],
    ids=lambda operation: operation.name,
)
def test_a_workflow_is_needed_by_id_or_name(operation: Operation[Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"workflow_id or workflow_name.*nothing was sent") as caught:
        build(operation)
    assert caught.value.operation == operation.name
    assert caught.value.effect == "none"


def test_a_batch_takes_1000_users_and_refuses_1001() -> None:
    build(operations.BatchCreateUsers([models.NewUser(f"user{n}") for n in range(1000)]))
    with pytest.raises(InvalidRequest, match="at most 1000 in one call, not 1001"):
        build(operations.BatchCreateUsers([models.NewUser(f"user{n}") for n in range(1001)]))


@pytest.mark.parametrize("limit", [0, -1, 31])
def test_a_page_of_logs_has_1_to_30_entries(limit: int) -> None:
    build(operations.GetWorkflowLogs("w", limit=30))
    with pytest.raises(InvalidRequest, match=f"limit must be 1 to 30, not {limit}"):
        build(operations.GetWorkflowLogs("w", limit=limit))


WRONG: Any = object()


@pytest.mark.parametrize(
    ("operation", "argument"),
    [
        (operations.BatchCreateUsers(WRONG), "users"),
        (operations.BatchCreateUsers([models.NewUser("ada"), WRONG]), r"users\[1\]"),
        (operations.GetWorkflowLogs("w", limit=WRONG), "limit"),
        (operations.GetWorkflowLogs("w", order=WRONG), "order"),
        (operations.CreateACredential(WRONG, "ada"), "credential"),
        (operations.RunEvent("event", "ada", WRONG), "data"),
        (operations.GetAUser(""), "user_id"),
        (operations.GetAUser(".."), "user_id"),
        (operations.GenerateOauthLink("ada", properties={"userId": "eve"}), "properties"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_wrong_arguments_are_refused_by_name(operation: Operation[Any], argument: str) -> None:
    with pytest.raises(InvalidRequest, match=argument) as caught:
        build(operation)
    assert caught.value.operation == operation.name


# Answers


def plain(value: Any) -> Any:
    """JSON data in one spelling: without null members, with instants for timestamps."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, str) and value[10:11] == "T" and value.endswith("Z"):
        return datetime.fromisoformat(value)
    return value


@each_call
@some_examples
@given(data=st.data())
def test_answer_comes_back_whole(call: Call, data: st.DataObject) -> None:
    answer = data.draw(values_of(call.answer))
    decoded = from_wire(result_type(operation_of(call)), answer)
    assert plain(to_wire(decoded)) == plain(answer)


@each_call
def test_an_empty_answer_leaves_everything_none(call: Call) -> None:
    decoded = from_wire(result_type(operation_of(call)), {})
    assert all(getattr(decoded, field.name) is None for field in fields_of(type(decoded)))


@pytest.mark.parametrize("answer", [[], {"data": []}])
def test_no_errors_is_a_bare_array_or_one_in_data(answer: Any) -> None:
    assert from_wire(models.WorkflowErrors, answer) == models.WorkflowErrors(data=[])


def test_no_other_answer_is_a_bare_array() -> None:
    with pytest.raises(DecodeError):
        from_wire(models.Users, [])


def reached(of: Any, schema: Mapping[str, Any]) -> Iterator[tuple[type[Model], Mapping[str, Any]]]:
    """Each model below a type, with its schema; a type that cannot hold its schema fails."""
    schema = resolve(schema)
    members = {get_origin(member) or member: member for member in flattened(of)}
    kind = schema.get("type")
    if kind == "array":
        sequence = members.get(list) or members[Sequence]
        yield from reached(get_args(sequence)[0], schema["items"])
    elif is_free(schema):
        assert Mapping in members
    elif kind == "object":
        (model,) = (m for m in members.values() if isinstance(m, type) and issubclass(m, Model))
        yield model, schema
        types = {field.wire: field.type for field in fields_of(model)}
        for name, member in schema["properties"].items():
            yield from reached(types[name], member)
    elif schema.get("x-observed-format") == "date-time":
        assert {datetime, str} <= members.keys()
    elif known := schema.get("x-known-values") or schema.get("enum"):
        assert (str in members) is ("enum" not in schema), (
            "only a known set of the caller's own choices is closed"
        )
        assert list(get_args(members[typing.Literal])) == known
    elif kind is None:
        assert Any in members
    else:
        assert {"string": str, "boolean": bool, "integer": int}[kind] in members


def flattened(of: Any) -> list[Any]:
    if get_origin(of) in (typing.Union, type(int | str)):
        return [member for part in get_args(of) for member in flattened(part)]
    return [of]


def test_models_declare_what_the_contract_does_and_no_more() -> None:
    declared: dict[type[Model], set[str]] = {}
    for call in CALLS:
        operation = operation_of(call)
        arguments = {field.name: field.type for field in fields_of(operation)}
        structured = [(arguments[a.name], a.schema) for a in call.arguments if a.where in ("json", "query")]
        for of, whole in [(result_type(operation), call.answer), *structured]:
            for model, schema in reached(of, whole):
                declared.setdefault(model, set()).update(schema["properties"])
                required = {field.wire for field in fields_of(model) if field.required}
                assert required == set(schema.get("required", ())), model
                defaults = {p.default for p in inspect.signature(model).parameters.values()}
                assert defaults <= {inspect.Parameter.empty, None, attrs.NOTHING}, model
    assert {model: {field.wire for field in fields_of(model)} for model in declared} == declared
    assert made_in(models, Model) - declared.keys() == {models.ErrorMessage}


@each_call
def test_listings_are_those_of_the_contract(call: Call) -> None:
    operation = operation_of(call)
    pagination = call.spec.get("x-pagination", {})
    assert issubclass(operation, Listing) is bool(pagination)
    if issubclass(operation, Listing):
        assert operation.paging.items == pagination["items"]
        expected = {"none": Unpaged, "page": ByPage}[pagination["style"]]
        assert isinstance(operation.paging, expected)


def test_logs_go_on_by_page_until_a_page_is_empty() -> None:
    first = operations.GetWorkflowLogs("w", limit=5)
    paging = operations.GetWorkflowLogs.paging
    second = paging.following(first, None, ["row"])
    assert second is not None
    third = paging.following(second, None, ["row"])
    assert isinstance(second, operations.GetWorkflowLogs)
    assert isinstance(third, operations.GetWorkflowLogs)
    assert (second.page, third.page, third.limit) == (1, 2, 5)
    assert paging.following(third, None, []) is None


# Secrets


@pytest.mark.parametrize(
    "value",
    [
        models.Token(token="canary"),
        models.OauthLink(oauth_url="https://example.org/?state=canary"),
        models.AlloyLink(url="https://example.org/?token=canary"),
        models.NewCredential(type="netsuite", data={"tokenSecret": "canary"}),
        models.Token(extra={"refresh": "canary"}),
        operations.CreateACredential(models.NewCredential("netsuite", {"tokenSecret": "canary"}), "ada"),
        operations.GenerateOauthLink("ada", "shopify", properties={"clientSecret": "canary"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_do_not_show(value: Any) -> None:
    assert "canary" not in repr(value)
    assert "***" in repr(value)


def test_what_is_no_secret_shows() -> None:
    assert repr(models.User(user_id="1", username="ada")) == "User(user_id='1', username='ada')"
    assert repr(operations.GetAUser("ada")) == "GetAUser(user_id='ada')"
