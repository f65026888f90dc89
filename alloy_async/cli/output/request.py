"""The request of an operation, to look at: with every secret replaced."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import quote

from ...core.codec.fields import get_fields
from ...core.codec.redaction import collect_secrets
from ...core.messages.request import compile_operation
from ...core.operation.markers import Part
from ...core.operation.operation import Operation
from ...core.options import System

HIDDEN = "***"


def describe_request(service: System, base_url: str, operation: Operation[Any]) -> dict[str, Any]:
    """Describe the request that an operation would send.

    Args:
        service: whom it is for.
        base_url: where the service is.
        operation: what would be sent.

    Returns:
        Method, URL, headers and body as JSON data; the credential and every secret argument are shown as ***.

    Raises:
        InvalidRequest: an argument was refused.
    """
    request = compile_operation(operation).build_request(operation)
    url, headers = f"{base_url}{request.target}", dict(request.headers)
    if operation.authenticated and service.query_key is None:
        headers[service.header] = service.present(HIDDEN)
    elif operation.authenticated:
        url += f"{'&' if '?' in url else '?'}{service.query_key}={HIDDEN}"
    secrets = collect_secrets(operation)
    body = json.loads(request.body) if isinstance(request.body, bytes) else _describe_parts(operation)
    shown = {"method": request.verb, "url": url, "headers": headers, "body": body}
    return {name: _hide_secrets(value, secrets) for name, value in shown.items()}


def _describe_parts(operation: Operation[Any]) -> dict[str, str] | None:
    """Describe the parts of a multipart body; None where there is no body."""
    fields = [field for field in get_fields(type(operation)) if isinstance(field.marker, Part)]
    return {field.wire: _describe_part(getattr(operation, field.name)) for field in fields} or None


def _describe_part(value: Any) -> str:
    return "-" if value is sys.stdin.buffer else str(getattr(value, "name", value))


def _hide_secrets(data: Any, secrets: list[str]) -> Any:
    if isinstance(data, dict):
        return {name: _hide_secrets(value, secrets) for name, value in data.items()}
    if isinstance(data, list):
        return [_hide_secrets(item, secrets) for item in data]
    if isinstance(data, str):
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            data = data.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
    return data
