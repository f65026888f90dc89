"""Apps, events, integrations and their installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json
from .workflows import Workflow


@attrs.define(eq=False, repr=False)
class App(Model):
    """A third-party app that workflows can use, as a trigger, for actions, or both."""

    name: str | None = None
    icon: str | None = None
    type: list[Literal["action", "trigger"] | str] | None = None


@attrs.define(eq=False, repr=False)
class Apps(Model):
    """The apps that Alloy supports."""

    data: list[App] | None = None


@attrs.define(eq=False, repr=False)
class Event(Model):
    """A custom event of the account; the keys of `body` are those of the event's own schema."""

    name: str | None = None
    description: str | None = None
    body: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class Events(Model):
    """The custom events of the account."""

    data: list[Event] | None = None


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


@attrs.define(eq=False, repr=False)
class AlloyLink(Model):
    """Where a user can install an integration; whoever has the link can act for that user."""

    url: Annotated[str | None, Json("url", secret=True)] = None


@attrs.define(eq=False, repr=False)
class InstallationField(Model):
    """One value to ask the user for."""

    name: str | None = None
    display_name: Annotated[str | None, Json("displayName")] = None
    type: str | None = None
    required: bool | None = None


@attrs.define(eq=False, repr=False)
class InstallationBlock(Model):
    """A block that needs values from the user before its workflow can run."""

    workflow_id: Annotated[str | None, Json("workflowId")] = None
    app: str | None = None
    block_id: Annotated[str | None, Json("blockId")] = None
    fields: list[InstallationField] | None = None


@attrs.define(eq=False, repr=False)
class Installation(Model):
    """An installation that has begun: its id, and the blocks to fill in to complete it."""

    data: list[InstallationBlock] | None = None
    installation_id: Annotated[str | None, Json("installationId")] = None


@attrs.define(eq=False, repr=False)
class FieldValue(Model):
    """The user's value for one field of a block."""

    name: str
    value: str


@attrs.define(eq=False, repr=False)
class BlockValues(Model):
    """The user's values for one block; `fields` may be left out where the block asks for none."""

    workflow_id: Annotated[str, Json("workflowId")]
    block_id: Annotated[str, Json("blockId")]
    fields: Sequence[FieldValue] | None = None
