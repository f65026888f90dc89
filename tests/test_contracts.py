"""The operation classes and models of the systems against their contracts; nothing is sent here."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.core.codec.containers import get_value_type
from alloy_async.core.codec.fields import get_fields
from alloy_async.core.codec.model import Model
from alloy_async.core.codec.typed_json import from_wire, to_wire
from alloy_async.core.messages.multipart import Multipart
from alloy_async.core.messages.request import compile_operation
from alloy_async.core.messages.upload import FileSource
from alloy_async.core.operation.client_method import endpoint
from alloy_async.core.operation.operation import Operation, find_result_type
from alloy_async.core.operation.paging import ByCursor, ByOffset, ByPage, Listing, Unpaged

from .alloy.oracle import CONTRACT as ALLOY
from .oracle import Call, Contract, Schema, made_in, plain, types_of
from .smooch.oracle import CONTRACT as SMOOCH, received_form
from .systems import COUNTS

PARTICULAR = {"alloy": ALLOY, "smooch": SMOOCH}
CONTRACTS: dict[str, Contract] = {system: PARTICULAR.get(system) or Contract(system) for system in COUNTS}
CALLS = [call for contract in CONTRACTS.values() for call in contract.calls]

NOT_IN_A_CONTRACT = {
    "agilicus": {"Group"},  # what a User of certain types is read as
    "alloy": set[str](),
    "alsid": set[str](),
    # The second form of a 429, which the vendor documents for another API, and the rows of a CSV.
    "opendatasoft": {"QuotaError", "ExportedUser"},
    "smooch": set[str](),
}

each_call = pytest.mark.parametrize("call", CALLS, ids=repr)
each_system = pytest.mark.parametrize("system", COUNTS)
each_other = pytest.mark.parametrize("system", [system for system in COUNTS if system != "alloy"])
"""Alloy's contract names a schema for each operation."""
each_with_secrets = pytest.mark.parametrize(
    "system", [system for system in COUNTS if system not in ("alloy", "smooch")]
)
"""Those whose contract marks its secrets."""
some_examples = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])


@cache
def package(system: str) -> Any:
    return importlib.import_module(f"alloy_async.{system}")


def operation_of(call: Call) -> type[Operation[Any]]:
    system = call.contract.system
    client = getattr(package(system), f"Async{system.capitalize()}")
    found: type[Operation[Any]] = getattr(client, call.name).operation
    return found


@each_system
def test_every_operation_is_a_method_and_nothing_else_is(system: str) -> None:
    contract = CONTRACTS[system]
    names = {call.name for call in contract.calls}
    methods = vars(getattr(package(system), f"{system.capitalize()}Methods"))
    offered = {name for name, method in methods.items() if isinstance(method, endpoint)}
    assert {cls.name for cls in made_in(package(system).operations, Operation)} == names
    assert offered == names | contract.twins.keys()
    assert len(names) == COUNTS[system]


@each_call
def test_name_verb_route_arguments(call: Call) -> None:
    operation = operation_of(call)
    sync = getattr(package(call.contract.system), call.contract.system.capitalize())
    assert getattr(sync, call.name).operation is operation
    assert (operation.name, operation.verb, operation.route) == (call.name, call.verb, call.route)
    assert operation.idempotent is call.spec["x-idempotent"]
    assert operation.authenticated is (call.spec.get("security") != [])
    assert operation.accept == call.accept
    parameters = inspect.signature(operation).parameters.values()
    assert [(p.name, p.default is p.empty) for p in parameters] == [
        (a.name, a.required) for a in call.arguments
    ]
    assert all(p.default in (p.empty, None) for p in parameters), "a default is never sent"


@each_call
def test_errors_are_typed_where_documented(call: Call) -> None:
    models = package(call.contract.system).models
    errors = operation_of(call).errors
    documented = {status: getattr(models, name) for status, name in call.errors.items()}
    assert {status: model for status, model in errors.items() if status != 429} == documented
    if "default" in documented:
        assert issubclass(errors.get(429, errors["default"]), documented["default"])


@each_call
def test_docstring_tells_every_argument_and_where_the_call_goes(call: Call) -> None:
    text = inspect.getdoc(operation_of(call)) or ""
    assert re.search(rf"^{call.verb} {re.escape(call.route)}( |$)", text, re.MULTILINE)
    assert "\nReturns:\n" in text
    for argument in call.arguments:
        assert f"\n    {argument.name}: " in text


@each_call
def test_type_hints_resolve(call: Call) -> None:
    hints = typing.get_type_hints(operation_of(call), include_extras=True)
    assert hints.keys() >= {argument.name for argument in call.arguments}


# Made once a call: Hypothesis examines each new strategy, which takes longer than to draw from one that it knows.


@cache
def arguments_of(call: Call) -> st.SearchStrategy[dict[str, Any]]:
    return call.values()


@cache
def answers_of(call: Call) -> st.SearchStrategy[Any]:
    assert call.answer is not None
    return call.contract.values(call.answer)


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


@each_call
@some_examples
@given(data=st.data())
def test_request_is_the_contracts(call: Call, data: st.DataObject) -> None:
    values = data.draw(arguments_of(call))
    request = compile_operation(operation := typed(operation_of(call), values)).build_request(operation)
    split = urlsplit(request.target)
    verb, path, query, body = call.request(values)
    assert (request.verb, split.path) == (verb, path)
    sent_query = parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query))
    assert plain([*map(list, sent_query)]) == plain([*map(list, query)])
    if isinstance(request.body, Multipart):
        sent = received_form(request.body)
    else:
        sent = json.loads(request.body) if request.body is not None else None
    assert plain(sent, nulls=True) == plain(body, nulls=True)


# Answers


@each_call
@some_examples
@given(data=st.data())
def test_answer_comes_back_whole(call: Call, data: st.DataObject) -> None:
    result = find_result_type(operation_of(call))
    if call.answer is None:
        assert result in (type(None), bytes)
        return
    answer = data.draw(answers_of(call))
    assert plain(to_wire(from_wire(result, answer))) == plain(answer)


@pytest.mark.parametrize("call", [call for call in CALLS if call.answer is None], ids=repr)
@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b"x"])
def test_an_answer_of_unknown_form_is_no_error(call: Call, raw: bytes) -> None:
    operation = operation_of(call)
    plan = compile_operation(operation(*[None for field in get_fields(operation) if field.required]))
    assert plan.decode(raw) == (raw if find_result_type(operation) is bytes else None)


@each_call
def test_an_empty_object_leaves_everything_none(call: Call) -> None:
    result = find_result_type(operation_of(call))
    if isinstance(result, type) and issubclass(result, Model):
        decoded = from_wire(result, {})
        assert all(getattr(decoded, field.name) is None for field in get_fields(result))


# Models


def reached(
    of: Any, schema: Schema, contract: Contract, above: tuple[type[Model], ...] = ()
) -> Iterator[tuple[type[Model], Schema]]:
    """Each model below a type, with its schema; a type that cannot hold its schema fails."""
    schema = contract.resolve(schema)
    for branch in schema.get("anyOf", ()):
        yield from reached(of, branch, contract, above)
    members = {get_origin(member) or member: member for member in flattened(of)}
    kind = next((kind for kind in types_of(schema) if kind != "null"), None)
    if kind == "array":
        (sequence,) = (member for origin, member in members.items() if origin in (list, Sequence))
        yield from reached(get_args(sequence)[0], schema["items"], contract, above)
    elif kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        (mapping,) = (member for member in members.values() if member is not type(None))
        yield from reached(get_value_type(mapping), schema["additionalProperties"], contract, above)
    elif kind == "object" and ("properties" not in schema or contract.is_flat(schema)):
        assert Mapping in members
    elif kind == "object":
        (model,) = (m for m in members.values() if isinstance(m, type) and issubclass(m, Model))
        yield model, schema
        if model in above:
            return  # a message may quote a message
        types = {field.wire: field.type for field in get_fields(model)}
        for name, member in schema["properties"].items():
            if name in types:
                yield from reached(types[name], member, contract, (*above, model))
    elif schema.get("format") == "date-time":
        assert datetime in members
    elif schema.get("x-observed-format") == "date-time":
        assert {datetime, str} <= members.keys()
    elif known := schema.get("x-known-values") or schema.get("enum"):
        assert str in members or "enum" in schema, "those that are known are not all"
        literals = [member for member in flattened(of) if get_origin(member) is typing.Literal]
        named = [value for literal in literals for value in get_args(literal)]
        assert named == [value for value in known if value is not None]
    elif kind is not None:
        # The package's newer version has a float for the one integer that is a time zone.
        number = float if "x-type-in-5.34.0" in schema else int
        assert {"string": str, "boolean": bool, "integer": number, "number": float}[kind] in members
    elif "anyOf" not in schema:
        assert Any in members


def flattened(of: Any) -> list[Any]:
    if get_origin(of) in (typing.Union, type(int | str)):
        return [member for part in get_args(of) for member in flattened(part)]
    return [of]


def schemas_of(call: Call) -> Iterator[tuple[Any, Schema, bool]]:
    """Each structured value of a call: its type, its schema, and whether the service sends it."""
    operation = operation_of(call)
    types = {field.name: field.type for field in get_fields(operation)}
    for argument in call.arguments:
        if argument.where != "path":
            yield types[argument.name], argument.schema, False
    if call.answer is not None:
        yield find_result_type(operation), call.answer, True
    for status, name in call.errors.items():
        model = operation.errors[status]
        yield model, call.contract.document["components"]["schemas"][name], True


@each_system
def test_models_declare_what_the_contract_does_and_no_more(system: str) -> None:
    contract = CONTRACTS[system]
    properties: dict[type[Model], dict[str, Any]] = {}
    required: dict[type[Model], set[str]] = {}
    in_answers: set[type[Model]] = set()
    sent: set[type[Model]] = set()
    for call in contract.calls:
        for of, whole, answered in schemas_of(call):
            for model, schema in reached(of, whole, contract):
                properties.setdefault(model, {}).update(schema["properties"])
                required.setdefault(model, set()).update(schema.get("required", ()))
                (in_answers if answered else sent).add(model)
    for model, members in properties.items():
        defaults = {p.default for p in inspect.signature(model).parameters.values()}
        assert defaults <= {inspect.Parameter.empty, None, attrs.NOTHING}, model
        fields = {field.wire for field in get_fields(model)}
        if model in in_answers:
            assert fields == members.keys(), model
            demanded = {field.wire for field in get_fields(model) if field.required}
            assert demanded <= (required[model] if model in sent else set()), "an answer may lack anything"
        else:
            settable = {name for name, member in members.items() if not member.get("readOnly")}
            assert settable <= fields <= members.keys(), model
            assert {field.wire for field in get_fields(model) if field.required} == required[model], model
    unreached = {cls.__name__ for cls in made_in(package(system).models, Model) - properties.keys()}
    assert unreached == NOT_IN_A_CONTRACT[system]


@each_other
def test_every_schema_has_a_model_of_its_name(system: str) -> None:
    models = package(system).models
    for name, schema in CONTRACTS[system].document["components"]["schemas"].items():
        # Named otherwise: a choice between two lists, and a form, whose parts are arguments.
        is_text = types_of(schema) == ["string"] and "enum" not in schema
        assert hasattr(models, name) or is_text or name in ("UserGroups", "PostImageMessageForm")


@each_with_secrets
def test_secrets_are_marked(system: str) -> None:
    contract = CONTRACTS[system]
    for call in contract.calls:
        for of, whole, _ in schemas_of(call):
            for model, schema in reached(of, whole, contract):
                for field in get_fields(model):
                    sensitive = bool(schema["properties"].get(field.wire, {}).get("x-sensitive"))
                    assert field.marker.secret is sensitive, (model, field.name)


# Paging


@each_call
def test_listings_are_those_of_the_contract(call: Call) -> None:
    operation = operation_of(call)
    pagination = call.spec.get("x-pagination")
    assert issubclass(operation, Listing) is (pagination is not None)
    if issubclass(operation, Listing):
        assert pagination
        items = operation.paging.items
        if items is not None:
            items = {field.name: field.wire for field in get_fields(find_result_type(operation))}[items]
        assert pagination["items"] in (("$",) if items is None else (items, f"$.{items}"))
        assert (
            type(operation.paging)
            is {"none": Unpaged, "offset": ByOffset, "keyset": ByCursor, "page": ByPage}[pagination["style"]]
        )
