"""Requests are judged by the contract alone, and told why they do not fit."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from alloy_async.sandbox import ApiError, Reply
from alloy_async.sandbox.contract.contract import decode_query_pairs, load_contract
from alloy_async.sandbox.contract.schema import Misfit

from ..systems import COUNTS

ALLOY = load_contract("alloy")


@pytest.mark.parametrize(
    ("method", "path", "operation", "values"),
    [
        ("GET", "/users", "list_all_users", {}),
        ("GET", "//users", "list_all_users", {}),
        ("POST", "/users/", "create_a_user", {}),
        ("POST", "/users/batch", "batch_create_users", {}),
        ("GET", "/users/batch", "get_a_user", {"userId": "batch"}),
        ("GET", "/users/a%2Fb", "get_a_user", {"userId": "a/b"}),
        ("GET", "/users/ada%40x.example", "get_a_user", {"userId": "ada@x.example"}),
        ("GET", "/users/a+b", "get_a_user", {"userId": "a+b"}),
        ("GET", "/users/a%2Bb%2520", "get_a_user", {"userId": "a+b%20"}),
        ("PUT", "/workflows/activate", "activate_a_workflow", {}),
        ("GET", "/workflows/w/users/", "list_users_by_workflowid", {"workflowId": "w"}),
        ("POST", "/workflows/w/rerun/e", "rerun_workfow", {"workflowId": "w", "executionId": "e"}),
    ],
)
def test_a_request_finds_its_operation(
    method: str, path: str, operation: str, values: dict[str, str]
) -> None:
    found, path_values = ALLOY.find_operation(method, "/2024-03" + path)
    assert (found.id, path_values) == (operation, values)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/users", 404),  # without the base path
        ("GET", "/2024-03", 404),
        ("GET", "/2024-03/nothing", 404),
        ("GET", "/2024-03/users/a/b", 404),  # a slash that was not encoded
        ("GET", "/2024-03/workflows", 404),  # the contract has a slash at the end here
        ("GET", "/2024-03/users//token", 404),
        ("POST", "/2024-03/users", 405),
        ("GET", "/2024-03/users/", 405),
        ("PATCH", "/2024-03/users/ada", 405),
        ("GET", "/2024-03/users/%FF", 400),
    ],
)
def test_a_request_without_an_operation_is_refused(method: str, path: str, status: int) -> None:
    with pytest.raises(ApiError) as refusal:
        ALLOY.find_operation(method, path)
    assert refusal.value.status == status


def test_a_wrong_method_is_told_the_right_ones() -> None:
    with pytest.raises(ApiError) as refusal:
        ALLOY.find_operation("PATCH", "/2024-03/users/ada")
    assert refusal.value.headers["Allow"] == "GET, PUT, DELETE"


@given(st.text(min_size=1).filter(lambda name: name not in (".", "..")))
def test_an_encoded_segment_is_one_value_whatever_it_holds(name: str) -> None:
    operation, values = ALLOY.find_operation("GET", "/2024-03/users/" + quote(name, safe="") + "/token")
    assert operation.id == "generate_jwt_token"
    assert operation.parse_path_parameters(values) == {"userId": name}


@pytest.mark.parametrize("step", [".", ".."])
def test_a_step_in_the_path_is_no_value(step: str) -> None:
    with pytest.raises(Misfit, match="userId"):
        ALLOY.operations["get_a_user"].parse_path_parameters({"userId": step})


@pytest.mark.parametrize(
    ("operation", "query", "values"),
    [
        ("list_all_users", "", {}),
        ("list_all_users", "parentWorkflowId=a%20b+c", {"parentWorkflowId": "a b c"}),
        ("get_workflow_logs", "page=0&limit=30&order=asc", {"page": 0, "limit": 30, "order": "asc"}),
        ("generate_oauth_link", "userId=u&shop=x&shop=y", {"userId": "u", "shop": ["x", "y"]}),
        ("generate_oauth_link", "userId=u&shop=", {"userId": "u", "shop": ""}),
    ],
)
def test_a_query_that_fits_is_typed(operation: str, query: str, values: dict[str, Any]) -> None:
    assert ALLOY.operations[operation].read_query(decode_query_pairs(query)) == values


@pytest.mark.parametrize(
    ("operation", "query", "why"),
    [
        ("list_all_users", "limit=3", "limit is not known; list_all_users takes: parentWorkflowId"),
        ("list_workflows", "", "required query parameter missing: userId"),
        ("list_workflows", "userId=a&userId=b", "userId is given 2 times"),
        ("get_workflow_logs", "limit=31", "limit must be smaller than or equal to 30"),
        ("get_workflow_logs", "limit=ten", "limit must be integer"),
        ("get_workflow_logs", "page=1.0", "page must be integer"),
        ("get_workflow_logs", "order=ASC", "order must be one of"),
    ],
)
def test_a_query_that_does_not_fit_says_why(operation: str, query: str, why: str) -> None:
    with pytest.raises(Misfit, match=why):
        ALLOY.operations[operation].read_query(decode_query_pairs(query))


def test_queries_of_the_other_systems_are_typed_too() -> None:
    def read(system: str, operation: str, query: str) -> dict[str, Any]:
        return load_contract(system).operations[operation].read_query(decode_query_pairs(query))

    assert read("agilicus", "list_users", "type=user&type=group&limit=5") == {
        "type": ["user", "group"],
        "limit": 5,
    }
    assert read("agilicus", "list_challenge_methods", "method_status=True") == {"method_status": True}
    assert read("agilicus", "get_user_metadata", "recursive=true") == {"recursive": "true"}
    assert read("smooch", "get_link_requests", "integrationIds=a%2Cb") == {"integrationIds": ["a", "b"]}
    assert read("opendatasoft", "delete_user", "apikey=k") == {"apikey": "k"}
    with pytest.raises(Misfit, match=r"type\[1\] must be one of"):
        read("agilicus", "list_users", "type=user&type=robot")


@pytest.mark.parametrize(
    ("operation", "body", "why"),
    [
        ("create_a_user", {}, r"body must contain \['username'\]"),
        ("create_a_user", {"username": 1}, "body.username must be string"),
        ("create_a_user", {"username": None}, "body.username must be string"),
        ("create_a_user", {"username": "a", "full_name": "A"}, "body must not contain {'full_name'}"),
        ("create_a_user", [], "body must be object"),
        ("batch_create_users", {"users": [{"username": "a"}, {}]}, r"users\[1\] must contain"),
        ("batch_create_users", {"users": [{"username": "a"}] * 1001}, "less than or equal to 1000"),
        ("batch_create_users", {"users": "[{ username: 'a' }]"}, r"users \(text\) is not JSON"),
        ("batch_create_users", {"users": "{}"}, "users must be array"),
        ("run_event", {"event": "e", "userId": "u", "data": []}, "data must be object"),
    ],
)
def test_a_body_that_does_not_fit_says_why(operation: str, body: Any, why: str) -> None:
    with pytest.raises(Misfit, match=why):
        ALLOY.operations[operation].read_body(json.dumps(body).encode(), "application/json")


@pytest.mark.parametrize(
    ("raw", "content_type", "why"),
    [
        (b"", "application/json", "body is missing"),
        (b"{}", "text/plain", "content type is 'text/plain', not application/json"),
        (b"{}", "", "content type is 'missing'"),
        (b"{", "application/json", "body is not JSON"),
        (b'{"username": "\xff"}', "application/json", "body is not JSON"),
        (b'{"username": "\\ud800"}', "application/json", "body is not JSON"),
        (b'{"username": NaN}', "application/json", "NaN is no JSON value"),
        (b"[" * 100_000, "application/json", "body is not JSON"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(raw: bytes, content_type: str, why: str) -> None:
    with pytest.raises(Misfit, match=why):
        ALLOY.operations["create_a_user"].read_body(raw, content_type)


def test_an_operation_without_a_body_takes_none() -> None:
    assert ALLOY.operations["get_a_user"].read_body(b"", "application/json") is None
    with pytest.raises(Misfit, match="takes no body"):
        ALLOY.operations["get_a_user"].read_body(b"{}", "application/json")


@pytest.mark.parametrize(
    ("operation", "member", "value"),
    [
        ("batch_create_users", "users", [{"username": "a"}]),
        ("create_a_credential", "credential", {"type": "slack", "data": {}}),
        ("run_event", "data", {"order": 7}),
        ("run_workflow", "data", {}),
    ],
)
def test_json_in_text_is_read_as_what_it_holds(operation: str, member: str, value: Any) -> None:
    rest = {"batch_create_users": {}, "run_event": {"event": "e", "userId": "u"}}.get(
        operation, {"userId": "u"}
    )
    read = [
        ALLOY.operations[operation].read_body(json.dumps({**rest, member: sent}).encode(), "application/json")
        for sent in (value, json.dumps(value))
    ]
    assert read == [{**rest, member: value}] * 2


def test_a_system_that_takes_undeclared_members_is_believed() -> None:
    raw = json.dumps({"email": "ada@x.example", "org_id": "o", "nickname": "A"}).encode()
    opened = load_contract("agilicus", open_bodies=True).operations["create_user"]
    assert opened.read_body(raw, "application/json")["nickname"] == "A"
    with pytest.raises(Misfit, match="nickname"):
        load_contract("agilicus").operations["create_user"].read_body(raw, "application/json")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Reply.json({"userId": 1}), "userId must be string"),
        (Reply.json({"user": "1"}), "must not contain {'user'}"),
        (Reply(200, b"<html>", "text/html"), "content type 'text/html' is not declared"),
        (Reply(204), "status 204 is not declared"),
    ],
)
def test_an_answer_that_does_not_fit_says_why(answer: Reply, why: str) -> None:
    with pytest.raises(Misfit, match=why):
        ALLOY.operations["create_a_user"].check_answer(answer)


def test_an_answer_without_content_has_none() -> None:
    operation = load_contract("opendatasoft").operations["delete_user"]
    operation.check_answer(Reply(204, content_type=None))
    with pytest.raises(Misfit, match="without a body"):
        operation.check_answer(Reply.json({}, 204))


@pytest.mark.parametrize("system", COUNTS)
def test_every_contract_is_understood(system: str) -> None:
    contract = load_contract(system)
    assert len(contract.operations) == COUNTS[system]
    for operation in contract.operations.values():
        example = "/".join("x" if part.startswith("{") else part for part in operation.segments)
        found, values = contract.find_operation(operation.method, f"{contract.base_path}/{example}")
        assert found is operation
        assert set(values.values()) <= {"x"}
        for media in operation.media_types:
            if media == "application/json":
                with pytest.raises(Misfit, match="body must be"):
                    operation.read_body(b'"text"', media)
