"""What is particular about Alloy's contract, on top of the common oracle: a request's bag is dissolved into arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from hypothesis import strategies as st

from ..oracle import TEXT, Argument, Call, Contract, Schema


class AlloyCall(Call):
    @cached_property
    def arguments(self) -> list[Argument]:
        """Those of each bag where the bag stood; a "json" one is a member of the body, "extra" are further parameters."""
        bags: dict[str, list[Argument]] = {}
        for parameter in self.spec.get("parameters", ()):
            argument = self._parameter(parameter)
            bags.setdefault(parameter.get("x-via", argument.name), []).append(argument)
        body = self.spec.get("requestBody")
        if body:
            bags[body["x-python-name"]] = [*self._members(body["content"]["application/json"]["schema"])]
        if self.spec.get("x-additional-query-parameters"):
            extra = {"type": "object", "additionalProperties": {"type": "string"}}
            bags["(extra)"] = [Argument("properties", "extra", "", False, False, extra)]
        in_order = [
            argument for bag in (*self.spec["x-signature"], "(extra)") for argument in bags.get(bag, ())
        ]
        return sorted(in_order, key=lambda argument: not argument.required)

    def _members(self, schema: Schema) -> Iterator[Argument]:
        schema = self.contract.resolve(schema)
        for wire, member in schema["properties"].items():
            # Its schema forgets to require this one, without which there is nothing to do.
            required = wire in schema.get("required", ()) or wire == "users"
            name = member.get("x-python-name", wire)
            yield Argument(name, "json", wire, required, False, self.contract.resolve(member))

    @property
    def errors(self) -> dict[int | str, str]:
        return dict.fromkeys(super().errors, "ErrorMessage")

    def values(self) -> st.SearchStrategy[dict[str, Any]]:
        drawn = super().values()
        if {"workflow_id", "workflow_name"} <= {a.name for a in self.arguments if not a.required}:
            return drawn.filter(lambda given: given.get("workflow_id") or given.get("workflow_name"))
        return drawn

    def _sent(self, argument: Argument) -> st.SearchStrategy[Any]:
        if argument.where == "extra":
            return st.dictionaries(TEXT, TEXT, min_size=1, max_size=2)
        if argument.name == "limit":
            return st.integers(1, argument.schema["maximum"])
        return super()._sent(argument)

    def request(self, values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]], Any]:
        verb, path, query, _ = super().request(values)
        given = [(argument, values[argument.name]) for argument in self.arguments if argument.name in values]
        for argument, value in given:
            if argument.where == "extra":
                query.extend(value.items())
        body = {argument.wire: value for argument, value in given if argument.where == "json"}
        return verb, path, query, body if self.spec.get("requestBody") else None


class AlloyContract(Contract):
    call = AlloyCall
    twins: ClassVar[Mapping[str, str]] = {
        "rerun_workflow": "rerun_workfow",
        "credential_metadata_by_app": "credential_medata_by_app",
    }

    def __init__(self) -> None:
        super().__init__("alloy")
        schemas = self.document["components"]["schemas"]
        schemas["ErrorMessage"] = schemas["errors.One"]  # which all the others are, or are not told

    def resolve(self, schema: Schema) -> Schema:
        schema = super().resolve(schema)
        free = "Keep every key" in schema.get("x-note", "") or not schema.get("properties", True)
        return {"type": "object"} if free else schema


CONTRACT = AlloyContract()
