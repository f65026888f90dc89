"""What Alloy's contract says: the judge of the operation classes, so it imports none of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st

CONTRACT: dict[str, Any] = json.loads(
    files("alloy_async.sandbox").joinpath("contracts/alloy.json").read_text("utf-8")
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
TEXT = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["a/b", "ada@example.org", "é+ü", "%2e", "a b?c#d&e=f"]
)
INSTANTS = st.datetimes(datetime(2000, 1, 1)).map(lambda at: at.isoformat(timespec="milliseconds") + "Z")


class Argument(NamedTuple):
    name: str
    where: Literal["path", "query", "json", "extra"]
    wire: str
    required: bool
    schema: Mapping[str, Any]


class Call:
    """One operation of the contract, its request bag dissolved into arguments."""

    def __init__(self, route: str, verb: str, spec: Mapping[str, Any]) -> None:
        self.route = route
        self.verb = verb.upper()
        self.spec = spec
        self.name: str = spec["operationId"]

    def __repr__(self) -> str:
        return self.name

    @cached_property
    def arguments(self) -> list[Argument]:
        bags: dict[str, list[Argument]] = {}
        for parameter in self.spec.get("parameters", ()):
            name = parameter["x-python-name"]
            required = bool(parameter.get("required"))
            argument = Argument(name, parameter["in"], parameter["name"], required, parameter["schema"])
            bags.setdefault(parameter.get("x-via", name), []).append(argument)
        body = self.spec.get("requestBody")
        if body:
            bags[body["x-python-name"]] = list(
                _members(resolve(body["content"]["application/json"]["schema"]))
            )
        if self.spec.get("x-additional-query-parameters"):
            extra = {"type": "object", "additionalProperties": {"type": "string"}}
            bags["(extra)"] = [Argument("properties", "extra", "", False, extra)]
        in_order = [
            argument for bag in (*self.spec["x-signature"], "(extra)") for argument in bags.get(bag, ())
        ]
        return sorted(in_order, key=lambda argument: not argument.required)

    @property
    def answer(self) -> Mapping[str, Any]:
        return resolve(self.spec["responses"]["200"]["content"]["application/json"]["schema"])

    @property
    def error_statuses(self) -> set[int]:
        return {int(status) for status in self.spec["responses"] if status.isdigit() and status != "200"}

    def request(self, values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]], Any]:
        """Verb, encoded path, query and JSON body, for arguments given as JSON values."""
        path, query, body = self.route, [], {}
        for argument in self.arguments:
            if argument.name not in values:
                continue
            value = values[argument.name]
            if argument.where == "path":
                path = path.replace(f"{{{argument.wire}}}", quote(value, safe=""))
            elif argument.where == "query":
                query.append((argument.wire, str(value)))
            elif argument.where == "extra":
                query.extend(value.items())
            else:
                body[argument.wire] = value
        return self.verb, path, query, body if self.spec.get("requestBody") else None

    def values(self) -> st.SearchStrategy[dict[str, Any]]:
        """JSON values for the required arguments, and for any of the others."""
        required = {a.name: sent(a) for a in self.arguments if a.required}
        optional = {a.name: sent(a) for a in self.arguments if not a.required}
        drawn = st.fixed_dictionaries(required, optional=optional)
        if {"workflow_id", "workflow_name"} <= optional.keys():
            return drawn.filter(lambda given: given.get("workflow_id") or given.get("workflow_name"))
        return drawn


def _members(schema: Mapping[str, Any]) -> Iterator[Argument]:
    for wire, member in schema["properties"].items():
        # Its schema forgets to require this one, without which there is nothing to do.
        required = wire in schema.get("required", ()) or wire == "users"
        yield Argument(member.get("x-python-name", wire), "json", wire, required, resolve(member))


def resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that is plainly meant, references followed."""
    while "$ref" in schema or "x-plain-schema" in schema:
        if "x-plain-schema" in schema:
            schema = schema["x-plain-schema"]
        else:
            schema = CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def is_free(schema: Mapping[str, Any]) -> bool:
    """Whether the schema is an object whose keys are the caller's or the account's own."""
    if "x-note" in schema and "Keep every key" in schema["x-note"]:
        return True
    return schema.get("type") == "object" and not schema.get("properties")


def sent(argument: Argument) -> st.SearchStrategy[Any]:
    if argument.where == "path":
        return TEXT.filter(lambda text: text not in (".", ".."))
    if argument.where == "extra":
        return st.dictionaries(TEXT, TEXT, min_size=1, max_size=2)
    return values_of(argument.schema, known_only=True)


def values_of(schema: Mapping[str, Any], known_only: bool = False) -> st.SearchStrategy[Any]:
    """JSON values that fit a schema, and maybe members that it does not know."""
    schema = resolve(schema)
    kind = schema.get("type")
    if is_free(schema):
        return st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=3)
    if kind == "object":
        members = {name: values_of(member, known_only) for name, member in schema["properties"].items()}
        required = {name: members.pop(name) for name in schema.get("required", ())}
        known = st.fixed_dictionaries(required, optional=members)
        if known_only:
            return known
        unknown = st.dictionaries(
            st.sampled_from(["new", "newer"]),
            JSON_VALUES.filter(lambda v: v is not None),
            max_size=1,
        )
        return st.builds(lambda a, b: a | b, known, unknown)
    if kind == "array":
        return st.lists(values_of(schema["items"], known_only), max_size=2)
    if kind == "integer":
        return st.integers(1 if "maximum" in schema else 0, schema.get("maximum", 10_000))
    if kind == "boolean":
        return st.booleans()
    if kind is None:
        return JSON_VALUES
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-observed-format") == "date-time":
        return INSTANTS | st.sampled_from(["", "2023-08-10", "yesterday"])
    return TEXT | st.sampled_from(schema.get("x-known-values") or ["known"])


CALLS = [
    Call(route, verb, spec)
    for route, verbs in CONTRACT["paths"].items()
    for verb, spec in verbs.items()
    if verb in ("get", "put", "post", "delete", "patch")
]
