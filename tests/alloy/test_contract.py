"""What is particular about Alloy's operation classes and models; what they share with others is in test_contracts.py."""

from __future__ import annotations

from typing import Any

import pytest

from alloy_async.alloy import Alloy, AsyncAlloy, models, operations
from alloy_async.core.codec.fields import NULL
from alloy_async.core.codec.typed_json import from_wire
from alloy_async.core.errors import DecodeError, InvalidRequest
from alloy_async.core.messages.request import compile_operation
from alloy_async.core.operation.operation import Operation

from .oracle import CONTRACT


@pytest.mark.parametrize(("twin", "name"), CONTRACT.twins.items())
def test_misspelt_names_have_twins(twin: str, name: str) -> None:
    for client in (AsyncAlloy, Alloy):
        assert getattr(client, twin).operation is getattr(client, name).operation


# Requests


def test_none_is_left_out_and_null_is_sent() -> None:
    operation = operations.UpdateAUser("ada", username=None, full_name=NULL)
    assert compile_operation(operation).build_request(operation).body == b'{"fullName":null}'


def build(operation: Operation[Any]) -> None:
    compile_operation(operation).build_request(operation)


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
UPWARDS: Any = "upwards"


@pytest.mark.parametrize(
    ("operation", "argument"),
    [
        (operations.BatchCreateUsers(WRONG), "users"),
        (operations.BatchCreateUsers([models.NewUser("ada"), WRONG]), r"users\[1\]"),
        (operations.GetWorkflowLogs("w", limit=WRONG), "limit"),
        (operations.GetWorkflowLogs("w", order=WRONG), "order"),
        (operations.GetWorkflowLogs("w", order=UPWARDS), "order"),
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


@pytest.mark.parametrize("answer", [[], {"data": []}])
def test_no_errors_is_a_bare_array_or_one_in_data(answer: Any) -> None:
    assert from_wire(models.WorkflowErrors, answer) == models.WorkflowErrors(data=[])


def test_no_other_answer_is_a_bare_array() -> None:
    with pytest.raises(DecodeError):
        from_wire(models.Users, [])


def test_logs_go_on_by_page_until_a_page_is_empty() -> None:
    first = operations.GetWorkflowLogs("w", limit=5)
    paging = operations.GetWorkflowLogs.paging
    second = paging.create_next(first, None, ["row"])
    assert second is not None
    third = paging.create_next(second, None, ["row"])
    assert isinstance(second, operations.GetWorkflowLogs)
    assert isinstance(third, operations.GetWorkflowLogs)
    assert (second.page, third.page, third.limit) == (1, 2, 5)
    assert paging.create_next(third, None, []) is None


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
