"""Installations of integrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json


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
