"""Workflows of an emulated Alloy account, and what users have of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..messages import ApiCall, ApiError
from .service_base import AlloyServiceBase
from .state import User, Workflow


class WorkflowOperations(AlloyServiceBase):
    """The operations on workflows, their versions and their users."""

    def list_workflows(self, call: ApiCall) -> Any:
        user = self.find_user(call.query["userId"])
        workflows: Iterable[Workflow] = self.account.workflows.values()
        if "integration" in call.query:
            workflows = self.find_integration(call.query["integration"]).workflows
        return {"data": [self._describe_workflow(workflow, user) for workflow in workflows]}

    def find_a_workflow(self, call: ApiCall) -> Any:
        user = self.find_user(call.query["userId"])
        return {"data": self._describe_workflow(self.find_workflow(call.path["workflowId"]), user)}

    def list_versions(self, call: ApiCall) -> Any:
        self.find_user(call.query["userId"])
        workflow = self.find_workflow(call.path["workflowId"])
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

    def list_users_by_workflowid(self, call: ApiCall) -> Any:
        workflow = self.find_workflow(call.path["workflowId"])
        only = self.find_user(call.query["userId"]) if "userId" in call.query else None
        return {
            "data": [
                {
                    **self.account.users[user_id].to_json(),
                    "workflowActive": installed.active,
                    "installedVersion": installed.version,
                }
                for (user_id, workflow_id), installed in self.account.installed.items()
                if workflow_id == workflow.id and only in (None, self.account.users[user_id])
            ]
        }

    def activate_a_workflow(self, call: ApiCall) -> Any:
        return self._switch_workflow(call, active=True)

    def deactivate_a_workflow(self, call: ApiCall) -> Any:
        return self._switch_workflow(call, active=False)

    def disable_all_workflows_for_a_user(self, call: ApiCall) -> Any:
        user = self.find_user_by_id(call.path["userId"])
        for (user_id, _), installed in self.account.installed.items():
            if user_id == user.id:
                installed.active = False
        self.record_change("deactivated", user.username)
        return {"message": "The user's workflows are deactivated."}

    def upgrade_workflow(self, call: ApiCall) -> Any:
        user = self.find_user(call.query["userId"])
        workflow = self.find_workflow(call.path["workflowId"])
        installed = self.find_installed_workflow(user, workflow)
        if installed.version < workflow.fields_since <= workflow.version:
            raise ApiError(400, "The new version has other fields to fill in: install the workflow again.")
        installed.version = workflow.version
        self.record_change("upgraded", f"{user.username}/{workflow.id}")
        return {"upgraded": True}

    def delete_workflow(self, call: ApiCall) -> Any:
        user = self.find_user(call.query["userId"])
        workflow = self.find_workflow(call.path["workflowId"])
        self.find_installed_workflow(user, workflow)
        del self.account.installed[user.id, workflow.id]
        self.record_change("deleted", f"{user.username}/{workflow.id}")
        return {"deleted": True}

    def _switch_workflow(self, call: ApiCall, *, active: bool) -> Any:
        user = self.find_user(call.body["userId"])
        workflow = self.find_named_workflow(call.body)
        self.find_installed_workflow(user, workflow).active = active
        self.record_change("activated" if active else "deactivated", f"{user.username}/{workflow.id}")
        return {"activated": active}

    def _describe_workflow(self, workflow: Workflow, user: User) -> dict[str, Any]:
        return {
            "workflowId": workflow.id,
            "integrationId": workflow.integration_id,
            "name": workflow.name,
            "createdAt": workflow.created_at,
            "updatedAt": workflow.updated_at,
            "version": workflow.version,
            "blocks": [block.to_json() for block in workflow.blocks],
            **self.describe_installation(workflow, user),
        }
