"""Workflows of an emulated Alloy account, and what users have of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..world import Call
from .account import AccountWorld
from .state import User, Workflow


class WorkflowOperations(AccountWorld):
    """The operations on workflows, their versions and their users."""

    def list_workflows(self, call: Call) -> Any:
        user = self.user(call.query["userId"])
        workflows: Iterable[Workflow] = self.account.workflows.values()
        if "integration" in call.query:
            workflows = self.integration(call.query["integration"]).workflows
        return {"data": [self._describe_workflow(workflow, user) for workflow in workflows]}

    def find_a_workflow(self, call: Call) -> Any:
        user = self.user(call.query["userId"])
        return {"data": self._describe_workflow(self.workflow(call.path["workflowId"]), user)}

    def list_versions(self, call: Call) -> Any:
        self.user(call.query["userId"])
        workflow = self.workflow(call.path["workflowId"])
        return {
            "data": [
                {
                    "versionId": version_id,
                    "versionName": f"Version {number}",
                    "lastModified": workflow.updated_at,
                    "status": "active" if number == workflow.version else "inactive",
                }
                for number, version_id in enumerate(workflow.versions, start=1)
            ]
        }

    def list_users_by_workflowid(self, call: Call) -> Any:
        workflow = self.workflow(call.path["workflowId"])
        only = self.user(call.query["userId"]) if "userId" in call.query else None
        return {
            "data": [
                {
                    **self.account.users[user_id].wire(),
                    "workflowActive": installed.active,
                    "installedVersion": installed.version,
                }
                for (user_id, workflow_id), installed in self.account.installed.items()
                if workflow_id == workflow.id and only in (None, self.account.users[user_id])
            ]
        }

    def activate_a_workflow(self, call: Call) -> Any:
        return self._switch(call, active=True)

    def deactivate_a_workflow(self, call: Call) -> Any:
        return self._switch(call, active=False)

    def disable_all_workflows_for_a_user(self, call: Call) -> Any:
        user = self.user(call.path["userId"])
        for (user_id, _), installed in self.account.installed.items():
            if user_id == user.id:
                installed.active = False
        self.effect("deactivated", user.username)
        return {"message": "The user's workflows are deactivated."}

    def upgrade_workflow(self, call: Call) -> Any:
        user = self.user(call.query["userId"])
        workflow = self.workflow(call.path["workflowId"])
        self.installed(user, workflow).version = workflow.version
        self.effect("upgraded", f"{user.username}/{workflow.id}")
        return {"upgraded": True}

    def delete_workflow(self, call: Call) -> Any:
        user = self.user(call.query["userId"])
        workflow = self.workflow(call.path["workflowId"])
        self.installed(user, workflow)
        del self.account.installed[user.id, workflow.id]
        self.effect("deleted", f"{user.username}/{workflow.id}")
        return {"deleted": True}

    def _switch(self, call: Call, *, active: bool) -> Any:
        user = self.user(call.body["userId"])
        workflow = self.named_workflow(call.body)
        self.installed(user, workflow).active = active
        self.effect("activated" if active else "deactivated", f"{user.username}/{workflow.id}")
        return {"activated": active}

    def _describe_workflow(self, workflow: Workflow, user: User) -> dict[str, Any]:
        return {
            "workflowId": workflow.id,
            "integrationId": workflow.integration_id,
            "name": workflow.name,
            "createdAt": workflow.created_at,
            "updatedAt": workflow.updated_at,
            "version": workflow.version,
            "blocks": [block.wire() for block in workflow.blocks],
            **self.describe_state(workflow, user),
        }
