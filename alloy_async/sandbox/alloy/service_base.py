"""Look-ups in an emulated Alloy account, shared by its operations."""

from __future__ import annotations

import random
from typing import Any

from ..emulated_service import Clock, EmulatedService
from ..invented_people import invent_people
from ..messages import ApiError
from .seed import add_history, create_account_without_users
from .state import Account, App, Credential, Installed, Integration, User, Workflow


class AlloyServiceBase(EmulatedService):
    """An Alloy account with people in it, and ways to find what a request names.

    Each look-up raises ApiError (404) for what is not there.
    """

    def __init__(self, rng: random.Random, clock: Clock, seed_users: int) -> None:
        super().__init__(rng, clock)
        self.account: Account = create_account_without_users(self.create_id, self.format_days_ago)
        users = [self.add_user(p.email, p.full_name) for p in invent_people(seed_users, rng)]
        add_history(self.account, users, self.create_id, self.format_days_ago, rng)

    def create_id(self) -> str:
        return f"{self.rng.getrandbits(96):024x}"

    def format_days_ago(self, days: float) -> str:
        return self.format_now(days_ago=days)

    def add_user(self, username: str, full_name: str | None) -> User:
        user = User(self.create_id(), username, full_name)
        self.account.users[user.id] = user
        self.account.id_of[username] = user.id
        return user

    def find_user(self, name: str) -> User:
        """Find the user with an id or a username."""
        user = self.account.users.get(self.account.id_of.get(name, name))
        if user is None:
            raise ApiError(404, f"There is no user with the id or username {name!r}.")
        return user

    def find_user_by_id(self, user_id: str) -> User:
        """Find the user with an id; for the operations whose documents do not say that a username will do."""
        user = self.account.users.get(user_id)
        if user is None:
            raise ApiError(404, f"There is no user with the id {user_id!r}.")
        return user

    def list_credentials(self, user: User) -> list[Credential]:
        return [c for c in self.account.credentials.values() if c.user_id == user.id]

    def find_app(self, name: str) -> App:
        if name not in self.account.apps:
            raise ApiError(404, f"There is no app {name!r}.")
        return self.account.apps[name]

    def find_integration(self, name: str) -> Integration:
        """Find the integration with an id or a name."""
        for integration in self.account.integrations.values():
            if name in (integration.id, integration.app):
                return integration
        raise ApiError(404, f"There is no integration with the id or name {name!r}.")

    def find_workflow(self, workflow_id: str) -> Workflow:
        if workflow_id not in self.account.workflows:
            raise ApiError(404, f"There is no workflow {workflow_id!r}.")
        return self.account.workflows[workflow_id]

    def find_named_workflow(self, body: Any) -> Workflow:
        """Find the workflow that a body names by id or by name; 400 when it does neither."""
        if "workflowId" in body:
            return self.find_workflow(body["workflowId"])
        name = body.get("workflowName")
        if name is None:
            raise ApiError(400, "Give workflowId or workflowName.")
        for workflow in self.account.workflows.values():
            if workflow.name == name:
                return workflow
        raise ApiError(404, f"There is no workflow named {name!r}.")

    def find_installed_workflow(self, user: User, workflow: Workflow) -> Installed:
        installed = self.account.installed.get((user.id, workflow.id))
        if installed is None:
            raise ApiError(404, f"The user has not installed the workflow {workflow.name!r}.")
        return installed

    def describe_installation(self, workflow: Workflow, user: User) -> dict[str, Any]:
        """Describe what a user has of a workflow; the members are absent when it is not installed."""
        installed = self.account.installed.get((user.id, workflow.id))
        if installed is None:
            return {}
        return {
            "installed": True,
            "installedVersion": installed.version,
            "active": installed.active,
        }
