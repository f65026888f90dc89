"""What a system's contract says: the judge of its operation classes, so it imports none of them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar
from urllib.parse import quote

from hypothesis import strategies as st

Schema = Mapping[str, Any]
Made = TypeVar("Made")

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
TEXT = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["a/b", "ada@example.org", "é+ü", "%2e", "a b?c#d&e=f"]
)
UNDECLARED = ("new", "newer")
"""Members of an answer that no schema knows."""
INSTANTS = st.datetimes(datetime(2000, 1, 1)).map(lambda at: at.isoformat(timespec="milliseconds") + "Z")


class Argument(NamedTuple):
    name: str
    where: Literal["path", "query", "body", "json", "extra"]
    wire: str
    required: bool
    csv: bool
    schema: Schema


class Call:
    """One operation of a contract."""

    def __init__(self, contract: Contract, route: str, verb: str, spec: Mapping[str, Any]) -> None:
        self.contract = contract
        self.route = route
        self.verb = verb.upper()
        self.spec = spec
        self.name: str = spec["operationId"]

    def __repr__(self) -> str:
        return f"{self.contract.system}.{self.name}"

    @cached_property
    def arguments(self) -> list[Argument]:
        """In the seed's order, the required ones first; a key in a header is the client's."""
        found = {argument.name: argument for argument in self._arguments()}
        in_order = [found[name] for name in self.spec["x-signature"] if name in found]
        return sorted(in_order, key=lambda argument: not argument.required)

    def _arguments(self) -> Iterator[Argument]:
        for parameter in self.spec.get("parameters", ()):
            if parameter["in"] != "header":
                yield self._parameter(parameter)
        body = self.spec.get("requestBody")
        if body:
            schema = body["content"]["application/json"]["schema"]
            yield Argument(body["x-python-name"], "body", "", bool(body.get("required")), False, schema)

    def _parameter(self, parameter: Mapping[str, Any]) -> Argument:
        return Argument(
            parameter["x-python-name"],
            parameter["in"],
            parameter["name"],
            bool(parameter.get("required")),
            parameter.get("x-collection-format") == "csv",
            parameter["schema"],
        )

    @property
    def accept(self) -> str:
        """What the answer may be; JSON where the vendor's package says nothing."""
        accept: str = self.spec.get("x-accept", "none sent")
        return "application/json" if accept == "none sent" else accept

    @property
    def answer(self) -> Schema | None:
        """The schema of the JSON answer; None where there is none, or nobody knows its form."""
        status = min(status for status in self.spec["responses"] if status.startswith("2"))
        response = self.spec["responses"][status]
        content = response.get("content", {}).get("application/json")
        if content is None or (response.get("x-undocumented-body") and not response.get("x-recovered")):
            return None
        return self.contract.resolve(content["schema"])

    @property
    def errors(self) -> dict[int | str, str]:
        """The name of the schema of each documented error body, by status or "default"."""
        return {
            int(status) if status.isdigit() else status: reference.rpartition("/")[2]
            for status, response in self.spec["responses"].items()
            if not status.startswith("2")
            for content in response.get("content", {}).values()
            for reference in [response.get("x-likely-schema") or content["schema"]["$ref"]]
        }

    def values(self) -> st.SearchStrategy[dict[str, Any]]:
        """JSON values for the required arguments, and for any of the others."""
        drawn = {argument.name: self._sent(argument) for argument in self.arguments}
        required = {a.name: drawn.pop(a.name) for a in self.arguments if a.required}
        return st.fixed_dictionaries(required, optional=drawn)

    def _sent(self, argument: Argument) -> st.SearchStrategy[Any]:
        if argument.where == "path":
            return TEXT.filter(lambda text: text not in (".", ".."))
        return self.contract.values(argument.schema, sending=True)

    def request(self, values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]], Any]:
        """Verb, encoded path, query and JSON body, for arguments given as JSON values."""
        path, query, body = self.route, [], None
        for argument in self.arguments:
            value = values.get(argument.name)
            if value is None:
                continue
            if argument.where == "path":
                path = path.replace(f"{{{argument.wire}}}", quote(str(value), safe=""))
            elif argument.where == "query":
                texts = _texts(value, argument.csv, self.contract.booleans)
                query += [(argument.wire, text) for text in texts]
            elif argument.where == "body":
                body = value
        return self.verb, path, query, body


class Contract:
    """The operations that a system documents, and values that fit its schemas."""

    call = Call
    twins: ClassVar[Mapping[str, str]] = {}
    """Second names of operations that the service misspelt."""

    def __init__(self, system: str) -> None:
        file = files("alloy_async.sandbox").joinpath(f"contract/documents/{system}.json")
        self.document: dict[str, Any] = json.loads(file.read_text("utf-8"))
        self.system = system
        capitalised = "capitalised" in self.document.get("x-facts", {}).get("boolean-query", "")
        self.booleans = ("False", "True") if capitalised else ("false", "true")
        self.calls = [
            self.call(self, route, verb, spec)
            for route, verbs in self.document["paths"].items()
            for verb, spec in verbs.items()
            if verb in ("get", "put", "post", "delete", "patch")
        ]

    def resolve(self, schema: Schema) -> Schema:
        """The schema that is plainly meant, references followed."""
        while "$ref" in schema or "x-plain-schema" in schema:
            if "x-plain-schema" in schema:
                schema = schema["x-plain-schema"]
            else:
                schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    @staticmethod
    def is_flat(schema: Schema) -> bool:
        """Whether an object's members have names and types of the caller's choice, whatever its schema lists."""
        return str(schema.get("x-note", "")).startswith("Flat object")

    def values(self, schema: Schema, *, sending: bool = False) -> st.SearchStrategy[Any]:
        """JSON values that fit a schema.

        Args:
            schema: what to fit.
            sending: only what a caller may send: no null and nothing that only the service sets.
                Else also nulls, values beyond open enums, and members that the schema does not know.
        """
        schema = self.resolve(schema)
        if "anyOf" in schema:
            # The last branch is the least one, and all that a caller need send.
            branches = schema["anyOf"][-1:] if sending else schema["anyOf"]
            return st.one_of([self.values(branch, sending=sending) for branch in branches])
        if "null" in types_of(schema) and not sending:
            return st.none() | self._not_null(schema, sending)
        return self._not_null(schema, sending)

    def _not_null(self, schema: Schema, sending: bool) -> st.SearchStrategy[Any]:
        if "enum" in schema or ("x-known-values" in schema and sending):
            known = [value for value in schema.get("enum", schema.get("x-known-values")) if value is not None]
            return st.sampled_from(known)
        kind = next((kind for kind in types_of(schema) if kind != "null"), None)
        if kind == "object":
            return self._objects(schema, sending)
        if kind == "array":
            return st.lists(self.values(schema["items"], sending=sending), max_size=2)
        if kind == "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 10_000))
        if kind == "number":
            return st.integers(0, 10_000) | st.floats(0, 10_000)
        if kind == "boolean":
            return st.booleans()
        if kind is None:
            return JSON_VALUES
        if schema.get("format") == "date-time":
            return INSTANTS
        if schema.get("x-observed-format") == "date-time":
            return INSTANTS | TEXT | st.sampled_from(["", "2023-08-10", "yesterday"])
        if "pattern" in schema:
            most = schema.get("maxLength", 64)
            return st.from_regex(schema["pattern"]).filter(lambda text: len(text) <= most)
        if "maxLength" in schema:
            return st.text(min_size=schema.get("minLength", 0), max_size=schema["maxLength"])
        return TEXT | st.sampled_from(schema.get("x-known-values") or ["known"])

    def _objects(self, schema: Schema, sending: bool) -> st.SearchStrategy[Any]:
        if isinstance(schema.get("additionalProperties"), Mapping):
            items = self.values(schema["additionalProperties"], sending=sending)
            return st.dictionaries(st.integers(0, 99).map(str), items, max_size=3)
        if "properties" not in schema:
            return st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=3)
        members = {
            name: self.values(member, sending=sending)
            for name, member in schema["properties"].items()
            if not (sending and self.resolve(member).get("readOnly"))
        }
        required = {name: members.pop(name) for name in schema.get("required", ()) if name in members}
        known = st.fixed_dictionaries(required, optional=members)
        if sending:
            return known
        new = JSON_VALUES.filter(lambda value: value is not None)
        unknown = st.dictionaries(st.sampled_from(UNDECLARED), new, max_size=1)
        return st.builds(lambda a, b: a | b, known, unknown)


def types_of(schema: Schema) -> list[str]:
    """The types that a schema allows; none where it allows any."""
    kind = schema.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def _texts(value: Any, csv: bool, booleans: tuple[str, str]) -> list[str]:
    items = value if isinstance(value, list) else [value]
    texts = [booleans[item] if isinstance(item, bool) else str(item) for item in items]
    return [",".join(texts)] if csv else texts


def made_in(module: Any, kind: type[Made]) -> set[type[Made]]:
    """The subclasses of a kind that a package offers and has made itself, whatever its module for each."""
    return {
        cls
        for cls in (getattr(module, name) for name in dir(module))
        if inspect.isclass(cls) and issubclass(cls, kind) and cls.__module__.startswith(module.__name__)
    }


def plain(value: Any, *, nulls: bool = False) -> Any:
    """JSON data in one spelling: with instants for timestamps, and without null members unless these are asked for."""
    if isinstance(value, dict):
        members = {name: plain(member, nulls=nulls) for name, member in value.items()}
        return {name: member for name, member in members.items() if nulls or member is not None}
    if isinstance(value, list):
        return [plain(entry, nulls=nulls) for entry in value]
    if isinstance(value, str) and value[10:11] == "T" and value.endswith("Z"):
        return datetime.fromisoformat(value)
    return value
