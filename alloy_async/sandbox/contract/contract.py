"""The contract of a system: which operation a request means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from ..messages import ApiError
from .operation import ContractOperation
from .schema import Schemas

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH")


class Contract:
    """The operations of one system, found by method and path.

    Args:
        document: the contract.
        open_bodies: whether the service takes undeclared members in every body.
    """

    def __init__(self, document: Mapping[str, Any], *, open_bodies: bool) -> None:
        server: str = document["servers"][0]["url"]
        self.base_path: str = re.sub(r"^[^/]*//[^/]*", "", server).rstrip("/")
        operations = _list_operations(document, open_bodies)
        self.operations: dict[str, ContractOperation] = {operation.id: operation for operation in operations}
        self._routes: dict[tuple[str, int], list[ContractOperation]] = {}
        # Fixed segments go before parameters: /users/batch before /users/{userId}.
        for operation in sorted(operations, key=lambda o: o.template.count("{")):
            key = operation.method, len(operation.segments)
            self._routes.setdefault(key, []).append(operation)

    def find_operation(self, method: str, raw_path: str) -> tuple[ContractOperation, dict[str, str]]:
        """Find the operation that a request means, and its path parameters, decoded after the split.

        Args:
            method: the verb.
            raw_path: the path as it was sent, without the query.

        Raises:
            ApiError: 404 for an unknown path, 405 for a path that knows other methods, 400 for
                broken encoding.
        """
        if not raw_path.startswith(self.base_path + "/"):
            raise ApiError(404, f"No route {raw_path}: every path starts with {self.base_path}/.")
        path = raw_path[len(self.base_path) :]
        if path.startswith("//"):  # a vendor's package joins the base and the path with two slashes
            path = path[1:]
        segments = path.split("/")[1:]
        for operation in self._routes.get((method, len(segments)), ()):
            values = operation.match(segments)
            if values is not None:
                return operation, {name: _decode_path_segment(raw) for name, raw in values.items()}
        allowed = ", ".join(
            other
            for other in METHODS
            if any(
                operation.match(segments) is not None
                for operation in self._routes.get((other, len(segments)), ())
            )
        )
        if allowed:
            raise ApiError(405, f"{raw_path} takes {allowed}, not {method}.", {"Allow": allowed})
        raise ApiError(404, f"No route {method} {raw_path}.")


@cache
def load_contract(system: str, *, open_bodies: bool = False) -> Contract:
    """Load the contract of a system, once a process."""
    file = Path(__file__).with_name("documents") / f"{system}.json"
    return Contract(json.loads(file.read_text("utf-8")), open_bodies=open_bodies)


def decode_query_pairs(raw: str) -> list[tuple[str, str]]:
    """Read the query's names and values in order, decoded.

    Raises:
        ApiError: 400, when it is not valid.
    """
    try:
        return parse_qsl(raw, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ApiError(400, f"The query is not percent-encoded UTF-8: {error}.") from None


def _list_operations(document: Mapping[str, Any], open_bodies: bool) -> list[ContractOperation]:
    components = document["components"]
    requests = Schemas(components["schemas"], closed=not open_bodies)
    answers = Schemas(components["schemas"], closed=True)
    responses: Mapping[str, Any] = components.get("responses", {})
    key_parameters = [
        scheme["name"]
        for scheme in components.get("securitySchemes", {}).values()
        if scheme["type"] == "apiKey" and scheme["in"] == "query"
    ]
    operations = []
    for template, methods in document["paths"].items():
        for method, facts in methods.items():
            declared = {
                status: responses[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
                for status, answer in facts["responses"].items()
            }
            newer = [path for name, path in facts.items() if name.startswith("x-path-in-")]
            operations += [
                ContractOperation(
                    method.upper(),
                    path,
                    {"security": document.get("security"), **facts, "responses": declared},
                    requests=requests,
                    answers=answers,
                    key_parameters=key_parameters,
                )
                for path in (*newer, template)
            ]
    return operations


def _decode_path_segment(segment: str) -> str:
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise ApiError(400, f"The path segment {segment!r} is not percent-encoded UTF-8.") from None
