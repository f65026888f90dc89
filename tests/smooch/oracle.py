"""What is particular about Smooch's contract, on top of the common oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from alloy_async.core.messages.multipart import Multipart
from alloy_async.sandbox.contract.multipart_form import FilePart, parse_form

from ..oracle import Argument, Call, Contract, Schema

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
DEEPEST = 2
"""How deep objects within objects go: a message may quote a message."""


class SmoochCall(Call):
    def _arguments(self) -> Iterator[Argument]:
        content = self.spec.get("requestBody", {}).get("content", {})
        if "multipart/form-data" not in content:
            yield from super()._arguments()
            return
        yield from (self._parameter(parameter) for parameter in self.spec["parameters"])
        form = self.contract.resolve(content["multipart/form-data"]["schema"])
        for wire, member in form["properties"].items():
            if not member.get("x-not-in-signature"):
                yield Argument(member["x-python-name"], "body", wire, True, False, member)

    @property
    def errors(self) -> dict[int | str, str]:
        return {"default": "Error"}  # said once for all of them, in words

    def values(self) -> st.SearchStrategy[dict[str, Any]]:
        drawn = super().values()
        if self.name == "link_app_user":
            return drawn.map(_with_identity)
        if self.name == "get_link_requests":
            return drawn.filter(lambda given: not any("," in text for text in given["integration_ids"]))
        return drawn

    def request(self, values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]], Any]:
        verb, path, query, body = super().request(values)
        if self.name == "post_image_message":
            body = self.form(values)
            source: str | bytes = body["source"]
            content = source.encode() if isinstance(source, str) else source
            body["source"] = FilePart.from_bytes(memoryview(content), "", "")
        return verb, path, query, body

    def form(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parts that a multipart body has for arguments."""
        return {
            argument.wire: values[argument.name] for argument in self.arguments if argument.where == "body"
        }


class SmoochContract(Contract):
    call = SmoochCall

    def __init__(self) -> None:
        super().__init__("smooch")
        self._depth = 0

    def values(self, schema: Schema, *, sending: bool = False) -> st.SearchStrategy[Any]:
        schema = self.resolve(schema)
        if schema.get("type") == "array":
            fewest, most = schema.get("minItems", 0), schema.get("maxItems", 3)
            items = self.values(schema["items"], sending=sending)
            return st.lists(items, min_size=fewest, max_size=min(most, 3))
        if self.is_flat(schema):
            return st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)
        return super().values(schema, sending=sending)

    def _objects(self, schema: Schema, sending: bool) -> st.SearchStrategy[Any]:
        if self._depth == DEEPEST and "properties" in schema:
            required = schema.get("required", ())
            kept = {
                name: member
                for name, member in schema["properties"].items()
                if name in required or self.resolve(member).get("type") not in ("object", "array")
            }
            schema = {**schema, "properties": kept}
        self._depth += 1
        try:
            return super()._objects(schema, sending)
        finally:
            self._depth -= 1


def _with_identity(values: dict[str, Any]) -> dict[str, Any]:
    """What each channel needs to know of the user; the contract says it in words."""
    return {
        **values,
        "app_user_link_body": {
            **values["app_user_link_body"],
            "phoneNumber": "+15550100",
            "address": "a@b.example",
        },
    }


def received_form(body: Multipart) -> dict[str, Any]:
    """What a strict reader finds in a multipart body."""

    async def collect() -> bytes:
        async with body:
            return b"".join([piece async for piece in body.read_pieces()])

    raw = asyncio.run(collect())
    assert len(raw) == body.size
    return parse_form(raw, body.content_type)


CONTRACT = SmoochContract()
CALLS: list[SmoochCall] = CONTRACT.calls  # type: ignore[assignment]
BY_NAME = {call.name: call for call in CALLS}
