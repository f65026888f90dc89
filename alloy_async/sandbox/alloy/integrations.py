"""Integrations of an emulated Alloy account, and their installation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..messages import ApiCall, ApiError
from .service_base import AlloyServiceBase
from .state import Installation, Installed, Integration, User, Workflow


class IntegrationOperations(AlloyServiceBase):
    """The operations on integrations and their installation."""

    def list_integrations(self, call: ApiCall) -> Any:
        user = self.find_user(call.query["userId"])
        integrations = self.account.integrations.values()
        return {"data": [self._describe(integration, user) for integration in integrations]}

    def get_an_integration(self, call: ApiCall) -> Any:
        user = self.find_user(call.query["userId"])
        return {"data": self._describe(self.find_integration(call.path["integrationId"]), user)}

    def generate_alloy_link(self, call: ApiCall) -> Any:
        user = self.find_user_by_id(call.path["userId"])
        integration = self.find_integration(call.path["integrationId"])
        return {"url": f"https://link.example/{integration.id}?user={quote(user.id)}"}

    def start_installation(self, call: ApiCall) -> Any:
        body = call.body
        user = self.find_user(body["userId"])
        integration = self.find_integration(body["integrationId"])
        chosen = set(body.get("credentialIds", ()))
        held = self.list_credentials(user)
        for unknown in chosen - {credential.id for credential in held}:
            raise ApiError(404, f"The user has no credential {unknown!r}.")
        for app in sorted(integration.apps):
            ids = {credential.id for credential in held if credential.app == app}
            if len(ids) > 1 and len(ids & chosen) != 1:
                raise ApiError(
                    400,
                    f"The user holds {len(ids)} credentials for {app}: give one in credentialIds.",
                )
        workflows = integration.workflows
        if "workflowIds" in body:
            workflows = [self._find_workflow_of(integration, name) for name in body["workflowIds"]]
        installation_id = self.create_id()
        self.account.installations[installation_id] = Installation(user.id, workflows)
        self.record_change("created", installation_id)
        return {
            "installationId": installation_id,
            "data": [
                {
                    "workflowId": workflow.id,
                    "app": block.app.name,
                    "blockId": block.id,
                    "fields": [
                        {"name": name, "displayName": title, "type": kind, "required": required}
                        for name, title, kind, required in block.fields
                    ],
                }
                for workflow in workflows
                for block in workflow.blocks
                if block.fields
            ],
        }

    def complete_installation(self, call: ApiCall) -> Any:
        installation_id = call.body["installationId"]
        installation = self.account.installations.get(installation_id)
        if installation is None:
            raise ApiError(404, f"No installation {installation_id!r} was started.")
        if installation.completed:
            raise ApiError(400, f"The installation {installation_id!r} is complete already.")
        self.find_user(installation.user_id)
        known = {(workflow.id, block.id) for workflow in installation.workflows for block in workflow.blocks}
        for entry in call.body["data"]:
            if (entry["workflowId"], entry["blockId"]) not in known:
                raise ApiError(400, f"The installation has no block {entry['blockId']!r} of this workflow.")
        installation.completed = True
        for workflow in installation.workflows:
            key = installation.user_id, workflow.id
            self.account.installed[key] = Installed(workflow.version, self.format_now())
        self.record_change("installed", installation_id)
        return {"message": "The installation is complete."}

    def _find_workflow_of(self, integration: Integration, workflow_id: str) -> Workflow:
        workflow = self.find_workflow(workflow_id)
        if workflow.integration_id != integration.id:
            raise ApiError(400, f"The workflow {workflow_id!r} is of another integration.")
        return workflow

    def _describe(self, integration: Integration, user: User) -> dict[str, Any]:
        workflows = [
            {
                "workflowId": workflow.id,
                "name": workflow.name,
                "version": workflow.version,
                "blocks": [block.to_json() for block in workflow.blocks],
                **self.describe_installation(workflow, user),
            }
            for workflow in integration.workflows
        ]
        return {
            "integrationId": integration.id,
            "app": integration.app,
            "icon": integration.icon,
            "installed": any("installed" in workflow for workflow in workflows),
            "workflows": workflows,
        }
