"""Bodies of refusals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import attrs

from ...core.codec.model import Model


@attrs.define(eq=False, repr=False)
class Error(Model):
    """The body of a refusal; `trace_id` is what the vendor's support asks for."""

    error_code: Literal["bad_request", "internal_error", "validation_error", "not_found"] | str | None = None
    message: str | None = None
    trace_id: str | None = None
    detail: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class NotFoundError(Model):
    """The body of a 404."""

    error_code: Literal["not_found"] | str | None = None
    message: str | None = None


@attrs.define(eq=False, repr=False)
class QuotaError(Error):
    """The body of a 429: an Error, or what the vendor's search API sends when a quota is used up.

    `call_limit` calls are allowed each `limit_time_unit`, and again from `reset_time` on.
    """

    errorcode: int | None = None
    reset_time: datetime | str | None = None
    limit_time_unit: str | None = None
    call_limit: int | None = None
    error: str | None = None
