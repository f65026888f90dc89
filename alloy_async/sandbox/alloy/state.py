"""What an emulated Alloy account holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..name_folding import FoldedDict


def omit_none(**members: str | None) -> dict[str, str]:
    """Keep the members that have a value: the service leaves the others out."""
    return {name: value for name, value in members.items() if value is not None}


@dataclass
class User:
    id: str
    username: str
    full_name: str | None = None

    def to_json(self) -> dict[str, str]:
        return omit_none(userId=self.id, username=self.username, fullName=self.full_name)


class App(NamedTuple):
    """An app that workflows connect to; `properties` are what its credential asks for."""

    name: str
    is_oauth: bool
    properties: tuple[tuple[str, str, str], ...] = ()
    """Each with name, display name and description."""
    kinds: tuple[str, ...] = ("action", "trigger")

    @property
    def icon(self) -> str:
        return f"https://icons.example/{self.name}.svg"


@dataclass
class Credential:
    id: str
    user_id: str
    app: str
    created_at: str


class Block(NamedTuple):
    id: str
    app: App
    kind: str
    fields: tuple[tuple[str, str, str, bool], ...] = ()
    """What the user fills in at the installation: name, display name, type, required."""

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.app.name, "type": self.kind, "icon": self.app.icon}


@dataclass
class Workflow:
    id: str
    integration_id: str
    name: str
    event: str | None
    """The custom event that starts it; None for a webhook."""
    blocks: tuple[Block, ...]
    versions: tuple[str, ...]
    """The id of each version, the oldest first."""
    created_at: str
    updated_at: str
    fields_since: int = 1
    """The version that brought the fields which a user fills in today: no older one can be upgraded."""

    @property
    def version(self) -> int:
        return len(self.versions)


@dataclass
class Integration:
    id: str
    app: str
    icon: str
    workflows: list[Workflow]

    @property
    def apps(self) -> set[str]:
        return {block.app.name for workflow in self.workflows for block in workflow.blocks}


@dataclass
class Installed:
    """A workflow in one user's hands."""

    version: int
    installed_at: str
    active: bool = True


@dataclass
class Installation:
    """An installation that was started and waits for its completion."""

    user_id: str
    workflows: list[Workflow]
    completed: bool = False


@dataclass
class Execution:
    id: str
    user_id: str
    workflow: Workflow
    started_at: str
    data: Any
    failed: Block | None = None


class EventKind(NamedTuple):
    name: str
    description: str
    body: dict[str, str]


@dataclass
class Account:
    """The state, with its look-up tables."""

    apps: dict[str, App]
    events: dict[str, EventKind]
    integrations: dict[str, Integration]
    workflows: dict[str, Workflow]
    users: dict[str, User] = field(default_factory=dict)
    id_of: FoldedDict[str] = field(default_factory=FoldedDict)
    """The user id of each username."""
    former: set[str] = field(default_factory=set)
    """The ids of the users who were deleted: their logs stay."""
    credentials: dict[str, Credential] = field(default_factory=dict)
    installed: dict[tuple[str, str], Installed] = field(default_factory=dict)
    """By user id and workflow id."""
    installations: dict[str, Installation] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)
