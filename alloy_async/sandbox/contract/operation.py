"""One operation of a contract: checks of its parameters, body and answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from ..messages import Reply
from .multipart_form import parse_form
from .schema import Check, Misfit, Schema, Schemas, holds_json_in_string, parse_json_strictly

BodyReader = Callable[[bytes, str], Any]
BODY_READERS: dict[str, BodyReader] = {
    "application/json": lambda raw, content_type: parse_json_strictly(raw, "body"),
    "multipart/form-data": parse_form,
}
"""How a body of each media type is read; called with the bytes and the whole Content-Type."""


class Parameter:
    """One path or query parameter: text in, typed and checked value out."""

    def __init__(self, facts: Mapping[str, Any], schemas: Schemas) -> None:
        self.name: str = facts["name"]
        self.required: bool = facts.get("required", False)
        self._place = f"{facts['in']} parameter {self.name}"
        self._schema = schemas.resolve(facts["schema"])
        self._items = schemas.resolve(self._schema.get("items", {}))
        self._csv = facts.get("x-collection-format") == "csv"
        self._schemas = schemas

    @cached_property
    def _check(self) -> Check:
        return self._schemas.compile_check(self._schema)

    def parse_value(self, texts: list[str]) -> Any:
        """Read the value of the parameter, from each text sent under its name."""
        if self._schema.get("type") == "array":
            parts = [part for text in texts for part in text.split(",")] if self._csv else texts
            value: Any = [self._convert(part, self._items) for part in parts]
        elif len(texts) > 1:
            raise Misfit(f"{self._place} is given {len(texts)} times")
        else:
            value = self._convert(texts[0], self._schema)
        self._check(value, self._place)
        return value

    def _convert(self, text: str, schema: Schema) -> Any:
        kind = schema.get("type")
        if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text):
            return int(text)
        if kind == "boolean" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        return text  # a text that is no number or boolean fails the check of its type


class ContractOperation:
    """One operation of a contract, with its checks compiled when first used."""

    def __init__(
        self,
        method: str,
        template: str,
        facts: Mapping[str, Any],
        *,
        requests: Schemas,
        answers: Schemas,
        key_parameters: Iterable[str],
    ) -> None:
        self.id: str = facts["operationId"]
        self.method = method
        self.template = template
        self.segments: tuple[str, ...] = tuple(template.split("/")[1:])
        self.public: bool = facts["security"] == []
        """Whether it is open to callers without a credential."""
        self._requests = requests
        self._answers = answers
        parameters: list[Mapping[str, Any]] = facts.get("parameters", [])
        self._path, self._query = (
            {p["name"]: Parameter(p, requests) for p in parameters if p["in"] == place}
            for place in ("path", "query")
        )
        self._any_query: bool = facts.get("x-additional-query-parameters", False)
        self._untyped_query = {*key_parameters, *facts.get("x-newer-parameters", ())}
        self._body: Mapping[str, Any] = facts.get("requestBody", {})
        self.media_types: tuple[Any, ...] = tuple(self._body.get("content", ()))
        """What a body may be; empty when there is none."""
        self._responses: Mapping[str, Any] = facts["responses"]
        self._answer_checks: dict[tuple[str, str], Check] = {}

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Match a path: its parameters, still encoded and none empty; None when the path is another one."""
        values: dict[str, str] = {}
        for expected, segment in zip(self.segments, segments, strict=True):
            if expected.startswith("{"):
                if not segment:
                    return None
                values[expected[1:-1]] = segment
            elif expected != segment:
                return None
        return values

    def parse_path_parameters(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Read the path parameters, decoded already, checked."""
        for name, value in values.items():
            if value in (".", ".."):
                raise Misfit(f"path parameter {name} is {value!r}, a step in the path to servers")
        return {name: self._path[name].parse_value([value]) for name, value in values.items()}

    def read_query(self, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        """Read the query, typed and checked; undeclared parameters, where allowed, stay text."""
        texts: dict[str, list[str]] = {}
        for name, text in pairs:
            texts.setdefault(name, []).append(text)
        missing = [p.name for p in self._query.values() if p.required and p.name not in texts]
        if missing:
            raise Misfit(f"required query parameter missing: {', '.join(missing)}")
        values: dict[str, Any] = {}
        for name, given in texts.items():
            if name in self._query:
                values[name] = self._query[name].parse_value(given)
            elif self._any_query or name in self._untyped_query:
                values[name] = given[0] if len(given) == 1 else given
            else:
                known = ", ".join(self._query) or "none"
                raise Misfit(f"query parameter {name} is not known; {self.id} takes: {known}")
        return values

    def read_body(self, raw: bytes, content_type: str) -> Any:
        """Read the body as the value that its schema describes, checked; None when there is none."""
        if not raw:
            if self._body.get("required"):
                raise Misfit("body is missing")
            return None
        if not self.media_types:
            raise Misfit(f"{self.id} takes no body, but {len(raw)} bytes came")
        media = content_type.partition(";")[0].strip().lower()
        if media not in self.media_types:
            expected = " or ".join(self.media_types)
            raise Misfit(f"content type is {content_type or 'missing'!r}, not {expected}")
        value = BODY_READERS[media](raw, content_type)
        if isinstance(value, dict):
            for name in self._json_text_members:
                if isinstance(value.get(name), str):
                    value[name] = parse_json_strictly(value[name], f"body.{name} (text)")
        self._body_check(value, "body")
        return value

    def check_answer(self, answer: Reply) -> None:
        """Does an answer fit the contract?

        Raises:
            Misfit: saying what does not fit.
        """
        status = str(answer.status)
        declared = next(
            (self._responses[key] for key in (status, f"{status[0]}XX", "default") if key in self._responses),
            None,
        )
        if declared is None:
            raise Misfit(f"{self.id}: status {status} is not declared")
        content = declared.get("content", {})
        if not content:
            if answer.body:
                raise Misfit(f"{self.id}: status {status} is declared without a body")
            return
        media = (answer.content_type or "").partition(";")[0]
        accepted = media if media in content else "*/*"
        if accepted not in content:
            raise Misfit(f"{self.id}: content type {media!r} is not declared for {status}")
        if media == "application/json" and isinstance(answer.body, bytes):
            key = (status, accepted)
            if key not in self._answer_checks:
                self._answer_checks[key] = self._answers.compile_check(content[accepted].get("schema", {}))
            self._answer_checks[key](parse_json_strictly(answer.body, "answer"), "answer")

    @cached_property
    def _body_schema(self) -> Schema:
        (media,) = self._body["content"].values()
        return self._requests.resolve(media["schema"])

    @cached_property
    def _body_check(self) -> Check:
        return self._requests.compile_check(self._body_schema)

    @cached_property
    def _json_text_members(self) -> list[str]:
        members: Mapping[str, Schema] = self._body_schema.get("properties", {})
        return [name for name, schema in members.items() if holds_json_in_string(schema)]
