"""Integrations."""

from __future__ import annotations

from typing import Annotated

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json
from .workflows import Workflow


@attrs.define(eq=False, repr=False)
class Integration(Model):
    """An integration of the account with its workflows, and whether a user has installed it."""

    integration_id: Annotated[str | None, Json("integrationId")] = None
    app: str | None = None
    installed: bool | None = None
    icon: str | None = None
    workflows: list[Workflow] | None = None


@attrs.define(eq=False, repr=False)
class IntegrationAnswer(Model):
    """One integration."""

    data: Integration | None = None


@attrs.define(eq=False, repr=False)
class Integrations(Model):
    """The integrations of the account."""

    data: list[Integration] | None = None
