"""The contract's schemas as compiled checks, and JSON text read strictly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

try:
    import fastjsonschema
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "The sandbox checks every request with fastjsonschema, which is not installed. "
        "Install it with: pip install 'alloy-async[sandbox]'",
        name=_missing.name,
    ) from _missing

Schema = Mapping[str, Any]
Check = Callable[[Any, str], None]

_ASSERTIONS = (
    *("$ref", "type", "format", "enum", "pattern", "required", "minimum", "maximum"),
    *("minLength", "maxLength", "minItems", "maxItems"),
)


class Misfit(ValueError):
    """A value does not fit the contract; the text says where and why."""


class Schemas:
    """Compiles schemas of one contract.

    Args:
        components: the contract's `components.schemas`.
        closed: refuse members that an object's schema does not declare, unless it has
            `additionalProperties`.
    """

    def __init__(self, components: Mapping[str, Schema], *, closed: bool) -> None:
        self._closed = closed
        self._source = components
        self._prepared: dict[str, Any] = {}

    def compile_check(self, schema: Schema) -> Check:
        """Compile a check of values by `schema`: called with the value and its name, it raises Misfit."""
        definition = self._prepare_schema(schema)
        # Only what the schema refers to: the compiler's time grows with the whole definition.
        definition["components"] = {"schemas": self._list_reachable(definition)}
        # use_default=False: a default must never be written into what the client sent.
        validate = fastjsonschema.compile(definition, use_default=False)

        def check(value: Any, name: str) -> None:
            try:
                validate(value)
            except fastjsonschema.JsonSchemaValueException as misfit:
                raise Misfit(name + misfit.message.removeprefix("data")) from None

        return check

    def resolve(self, schema: Schema) -> Schema:
        """Find the schema that a `$ref` points to, as the contract has it."""
        while "$ref" in schema:
            schema = self._source[_name_component(schema["$ref"])]
        return schema

    def _find_members_of_variants(self, schema: Schema) -> dict[str, Any]:
        """Find what an object may hold as well where one of its members selects another schema."""
        variants = schema.get("x-discriminator", {}).get("mapping", {}).values()
        schemas = [self._source[_name_component(variant)] for variant in variants]
        return {name: part for variant in schemas for name, part in variant["properties"].items()}

    def _list_reachable(self, definition: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        waiting = _list_references(definition)
        while waiting:
            name = waiting.pop()
            if name not in found:
                if name not in self._prepared:
                    self._prepared[name] = self._prepare_schema(self._source[name])
                found[name] = self._prepared[name]
                waiting += _list_references(found[name])
        return found

    def _prepare_schema(self, schema: Any) -> Any:
        if not isinstance(schema, Mapping):
            return schema  # a boolean schema
        if "x-plain-schema" in schema:
            plain = self._prepare_schema(schema["x-plain-schema"])
            if holds_json_in_string(schema):
                return plain  # text is read as JSON before the check
            typed = {key: part for key, part in schema.items() if key != "x-plain-schema"}
            return {"anyOf": [plain, self._prepare_schema(typed)]}
        prepared = {key: schema[key] for key in _ASSERTIONS if key in schema}
        for key in ("items", "additionalProperties"):
            if key in schema:
                prepared[key] = self._prepare_schema(schema[key])
        if "anyOf" in schema:
            prepared["anyOf"] = [self._prepare_schema(part) for part in schema["anyOf"]]
        if "properties" in schema:
            members = {**self._find_members_of_variants(schema), **schema["properties"]}
            prepared["properties"] = {name: self._prepare_schema(part) for name, part in members.items()}
            if self._closed:
                prepared.setdefault("additionalProperties", False)
        return prepared


def _name_component(reference: str) -> str:
    return reference.rpartition("/")[2]


def _list_references(schema: Any) -> list[str]:
    """List the components that a prepared schema refers to directly."""
    if isinstance(schema, list):
        return [name for part in schema for name in _list_references(part)]
    if not isinstance(schema, dict):
        return []
    reference = schema.get("$ref")
    own = [_name_component(reference)] if isinstance(reference, str) else []
    return own + [name for part in schema.values() for name in _list_references(part)]


def holds_json_in_string(schema: Schema) -> bool:
    """Does the vendor's package put JSON into a string where the service means a plain value?"""
    return "x-plain-schema" in schema and schema.get("type") == "string"


def parse_json_strictly(text: bytes | str, name: str) -> Any:
    """JSON read strictly: UTF-8, no NaN, no lone surrogate.

    Raises:
        Misfit: naming what was read.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode()
        value = json.loads(decoded, parse_constant=_refuse_constant)
        if "\\u" in decoded:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Misfit(f"{name} is not JSON: {error}") from None
    return value


def encode_json(value: Any) -> bytes:
    """JSON as UTF-8, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
