"""The pure core: an operation becomes a request, an answer becomes a result or an error. Tables; no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

import attrs
import pytest

from alloy_async import NULL, InvalidRequest, Model, NotFound, Operation, ServerError
from alloy_async.core.codec.redaction import Secret
from alloy_async.core.messages.request import compile_operation
from alloy_async.core.messages.unexpected_answers import error_from_response
from alloy_async.core.operation.markers import Body, ExtraQuery, Json, Path, Query

NOW = 1_790_000_000.0
"""The wall clock of these tests."""


@attrs.define(eq=False, repr=False)
class Pet(Model):
    name: str
    born_at: Annotated[datetime | None, Json("bornAt")] = None
    chip: Annotated[str | None, Json("chip", secret=True)] = None


@attrs.define(eq=False, repr=False)
class Refusal(Model):
    code: int | None = None
    message: str | None = None


@attrs.frozen(eq=False, repr=False)
class FindPets(Operation[list[Pet]]):
    verb = "GET"
    route = "/owners/{owner}/pets/{kind}"
    errors: ClassVar = {404: Refusal}
    owner: Annotated[str | int, Path("owner")]
    kind: Annotated[str, Path("kind")]
    born_after: Annotated[datetime | None, Query("bornAfter")] = None
    tags: Annotated[Sequence[str] | None, Query("tag")] = None
    ids: Annotated[Sequence[int] | None, Query("ids", style="csv")] = None
    tame: Annotated[bool | None, Query("is tame")] = None
    order: Annotated[Literal["up", "down"] | None, Query("order")] = None
    more: Annotated[Mapping[str, str] | None, ExtraQuery()] = None


@attrs.frozen(eq=False, repr=False)
class AddPet(Operation[Pet]):
    verb = "POST"
    route = "/pets"
    called: Annotated[str, Json("name")]
    born_at: Annotated[datetime | None, Json("bornAt")] = None
    mother: Annotated[Pet | None, Json("mother")] = None
    note: Annotated[Any, Json("note")] = None

    def check(self) -> None:
        if self.called == "Nobody":
            raise ValueError("called: a pet needs a real name")


@attrs.frozen(eq=False, repr=False)
class PutPet(Operation[None]):
    verb = "PUT"
    route = "/pets/{id}"
    id: Annotated[str, Path("id")]
    pet: Annotated[Pet, Body()]


@attrs.frozen(eq=False, repr=False)
class Replace(Operation[bytes]):
    verb = "POST"
    route = "/replace"
    pets: Annotated[Sequence[Pet] | None, Body()] = None


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("operation", "target"),
    [
        (FindPets("ada", "cat"), "/owners/ada/pets/cat"),
        (FindPets(7, "cat"), "/owners/7/pets/cat"),
        (FindPets("a/b", "c?d#e&f=g+h i"), "/owners/a%2Fb/pets/c%3Fd%23e%26f%3Dg%2Bh%20i"),
        (FindPets("%2e", "é"), "/owners/%252e/pets/%C3%A9"),
        (FindPets("..a", "..."), "/owners/..a/pets/..."),
        (FindPets("{kind}", "x"), "/owners/%7Bkind%7D/pets/x"),
        (FindPets("a", "b", tags=[]), "/owners/a/pets/b"),
        (FindPets("a", "b", tags=["x", "y&z"]), "/owners/a/pets/b?tag=x&tag=y%26z"),
        (FindPets("a", "b", tags=("x",)), "/owners/a/pets/b?tag=x"),
        (FindPets("a", "b", ids=[1, 2]), "/owners/a/pets/b?ids=1%2C2"),
        (FindPets("a", "b", tame=True), "/owners/a/pets/b?is%20tame=true"),
        (FindPets("a", "b", tame=False), "/owners/a/pets/b?is%20tame=false"),
        (FindPets("a", "b", order="up"), "/owners/a/pets/b?order=up"),
        (FindPets("a", "b", born_after=NOON), "/owners/a/pets/b?bornAfter=2026-05-01T12%3A00%3A00Z"),
        (FindPets("a", "b", more={"x y": "1&2"}), "/owners/a/pets/b?x%20y=1%262"),
        (FindPets("a", "b", more={}), "/owners/a/pets/b"),
        (FindPets("a", "b", tame=True, more={"z": ""}), "/owners/a/pets/b?is%20tame=true&z="),
    ],
)
def test_the_target_of_a_request(operation: Operation[Any], target: str) -> None:
    request = compile_operation(operation).build_request(operation)
    assert (request.verb, request.target, request.body) == ("GET", target, None)
    assert dict(request.headers) == {"Accept": "application/json"}


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (AddPet("Rex"), {"name": "Rex"}),
        (AddPet(""), {"name": ""}),
        (AddPet("Rex", NOON), {"name": "Rex", "bornAt": "2026-05-01T12:00:00Z"}),
        (AddPet("Rex", NULL), {"name": "Rex", "bornAt": None}),
        (AddPet("Rex", note={"a": [1, None, NULL]}), {"name": "Rex", "note": {"a": [1, None, None]}}),
        (AddPet("Rex", note=False), {"name": "Rex", "note": False}),
        (AddPet("Rex", mother=Pet("Bo")), {"name": "Rex", "mother": {"name": "Bo"}}),
        (AddPet("Rex", mother=Pet("Bo", chip=NULL)), {"name": "Rex", "mother": {"name": "Bo", "chip": None}}),
        (AddPet("R", mother=Pet("B", extra={"x": 1})), {"name": "R", "mother": {"name": "B", "x": 1}}),
        (PutPet("1", Pet("Rex")), {"name": "Rex"}),
        (Replace([]), []),
        (Replace([Pet("Rex")]), [{"name": "Rex"}]),
    ],
)
def test_the_body_of_a_request(operation: Operation[Any], body: Any) -> None:
    request = compile_operation(operation).build_request(operation)
    assert request.body is not None
    assert json.loads(request.body) == body
    assert request.headers["Content-Type"] == "application/json"


def test_an_optional_body_may_be_left_out() -> None:
    assert compile_operation(Replace()).build_request(Replace()).body is None


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (FindPets("", "cat"), "owner is empty"),
        (FindPets("ada", "."), "kind is '.'"),
        (FindPets("..", "cat"), "owner is '..'"),
        (FindPets("ada", None), "kind: expected text, got null"),  # type: ignore[arg-type]
        (FindPets(b"ada", "cat"), "owner: expected text, got bytes"),  # type: ignore[arg-type]
        (FindPets("ada", 7), "kind: expected text, got int"),  # type: ignore[arg-type]
        (FindPets("ada", "\ud800"), "kind holds a lone surrogate"),
        (FindPets("a", "b", tags="xy"), "tags: expected a list, got str"),
        (FindPets("a", "b", tags=["x", 1]), r"tags\[1\]: expected text, got int"),  # type: ignore[list-item]
        (FindPets("a", "b", tame="yes"), "tame: expected true or false, got str"),  # type: ignore[arg-type]
        (FindPets("a", "b", order="sideways"), "order: expected one of 'up', 'down', got 'sideways'"),  # type: ignore[arg-type]
        (
            FindPets("a", "b", born_after=datetime(2026, 5, 1)),
            "born_after: expected a datetime with a time zone",
        ),
        (FindPets("a", "b", more={"tag": "x"}), "more: 'tag' is an argument of its own"),
        (FindPets("a", "b", more={"x": 1}), r"more\.x: expected text, got int"),  # type: ignore[dict-item]
        (FindPets("a", "b", more={1: "x"}), "more: expected text as the name of a member"),  # type: ignore[dict-item]
        (AddPet(None), "called: .*null"),  # type: ignore[arg-type]
        (AddPet("Nobody"), "called: a pet needs a real name"),
        (AddPet("Rex", mother={"name": "Bo"}), "mother: expected a Pet, got an object"),  # type: ignore[arg-type]
        (AddPet("Rex", mother=Pet(None)), r"mother\.name: is required"),  # type: ignore[arg-type]
        (AddPet("Rex", note={"x": {1, 2}}), r"note\.x: expected a value that JSON has a form for, got set"),
        (AddPet("Rex", note=float("nan")), "note: expected a finite number"),
        (AddPet("Rex", note=2**70), "note cannot be sent as JSON"),
        (AddPet("\udfff"), "called cannot be sent as JSON"),
        (PutPet("1", None), "pet: expected a Pet, got null"),  # type: ignore[arg-type]
        (Replace([Pet("Rex"), "Bo"]), r"pets\[1\]: expected a Pet, got str"),  # type: ignore[list-item]
    ],
)
def test_what_cannot_be_sent_is_refused_naming_operation_and_argument(
    operation: Operation[Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said) as raised:
        compile_operation(operation).build_request(operation)
    assert raised.value.operation == operation.name
    assert str(raised.value).startswith(f"{operation.name}: ")
    assert (raised.value.effect, raised.value.attempts) == ("none", 0)
    assert "nothing was sent" in str(raised.value)


@pytest.mark.parametrize(
    ("operation", "raw", "result"),
    [
        (FindPets("a", "b"), b'[{"name": "Rex", "legs": 4}]', [Pet("Rex", extra={"legs": 4})]),
        (FindPets("a", "b"), b"[]", []),
        (AddPet("a"), b"{}", Pet(None)),  # type: ignore[arg-type]
        (PutPet("1", Pet("a")), b"", None),
        (PutPet("1", Pet("a")), b"OK", None),
        (Replace(), b"\x00\xff", b"\x00\xff"),
    ],
)
def test_the_result_in_an_answer(operation: Operation[Any], raw: bytes, result: Any) -> None:
    assert compile_operation(operation).decode(raw) == result


def test_mistakes_in_a_class_show_on_first_use() -> None:
    @attrs.frozen(eq=False, repr=False)
    class NoPlace(Operation[None]):
        verb = "GET"
        route = "/pets"
        id: Annotated[str, Path("id")]

    @attrs.frozen(eq=False, repr=False)
    class NoAnswer(Operation):  # type: ignore[type-arg]
        verb = "GET"
        route = "/pets"

    with pytest.raises(TypeError, match="no place for id"):
        compile_operation(NoPlace("1"))
    with pytest.raises(TypeError, match="NoAnswer must name its answer"):
        compile_operation(NoAnswer())


@pytest.mark.parametrize(
    ("raw", "said", "body"),
    [
        (b'{"message": "no such owner", "code": 9}', "no such owner", Refusal(9, "no such owner")),
        (b'{"message": 5}', None, {"message": 5}),
        (b'{"error": {"message": "deep"}}', "deep", Refusal(extra={"error": {"message": "deep"}})),
        (b'{"error_description": "lapsed"}', "lapsed", Refusal(extra={"error_description": "lapsed"})),
        (b"gone fishing", "gone fishing", "gone fishing"),
        (b"<html>oops</html>", None, "<html>oops</html>"),
        (b"", None, None),
        (b"\xff\xfe", None, ""),
        (b"[1]", None, [1]),
    ],
)
def test_the_error_in_an_answer(raw: bytes, said: str | None, body: Any) -> None:
    headers = {"x-request-id": "r-1", "retry-after": "3"}
    error = error_from_response(FindPets("a", "b"), 404, headers, raw, None, NOW)
    assert type(error) is NotFound
    assert (error.operation, error.status, error.request_id) == ("find_pets", 404, "r-1")
    assert (error.body, error.headers, error.retry_after) == (body, headers, 3.0)
    if said is not None:
        assert error.message == f"404 Not Found: {said}"
    assert len(error_from_response(FindPets("a", "b"), 404, {}, b"x" * 10**6, None, NOW).message) < 400


def test_the_body_of_an_undocumented_error_is_json_data() -> None:
    error = error_from_response(FindPets("a", "b"), 500, {}, b'{"message": "boom"}', None, NOW)
    assert type(error) is ServerError
    assert error.body == {"message": "boom"}
    assert error.request_id is None


@pytest.mark.parametrize(
    "name", ["x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray"]
)
def test_the_request_id_is_found_in_any_usual_header(name: str) -> None:
    assert (
        error_from_response(FindPets("a", "b"), 500, {"via": "x", name: "r-1"}, b"", None, NOW).request_id
        == "r-1"
    )


def test_what_the_server_echoes_of_a_secret_is_blotted_out() -> None:
    secret = 'top "secret"/é'
    operation = AddPet("Rex", mother=Pet("Bo", chip=secret))
    echo = json.dumps({"message": f"bad chip {secret} and key abcd1234"}, ensure_ascii=False).encode()
    headers = {"x-echo": "abcd1234"}
    error = error_from_response(operation, 400, headers, echo, Secret("abcd1234"), NOW)
    assert error.body == {"message": "bad chip *** and key ***"}
    assert error.headers == {"x-echo": "***"}
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b'{"a": ["abcd1234", {"b": "x abcd1234 y"}], "n": 1}', {"a": ["***", {"b": "x *** y"}], "n": 1}),
        (b'{"a": "\\u0061bcd1234"}', {"a": "***"}),
        (b'"abcd1234"', "***"),
        (b"no JSON: abcd1234 \xff", "no JSON: *** \xff"),
        (b'{"a": "abcd123"}', {"a": "abcd123"}),
        (b"[" * 1000 + b"]" * 1000, None),
        (b"", None),
    ],
)
def test_a_secret_is_blotted_out_wherever_it_stands(raw: bytes, body: Any) -> None:
    error = error_from_response(FindPets("a", "b"), 400, {}, raw, Secret("Bearer abcd1234"), NOW)
    if body is not None:
        assert error.body == body
    assert "abcd1234" not in str(error)
