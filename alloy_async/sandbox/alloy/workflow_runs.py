"""Runs of workflows in an emulated Alloy account, and the logs they leave."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError
from .service_base import AlloyServiceBase
from .state import Execution, User, Workflow

DEFAULT_LOG_LIMIT = 10
LOG_DAYS = 60
"""How long an execution is remembered."""


class RunOperations(AlloyServiceBase):
    """The operations that run workflows, and on logs, errors and analytics."""

    first_page = 0

    def list_events(self, call: ApiCall) -> Any:
        return {"data": [event._asdict() for event in self.account.events.values()]}

    def run_event(self, call: ApiCall) -> Any:
        user = self.find_user(call.body["userId"])
        event = call.body["event"]
        if event not in self.account.events:
            raise ApiError(404, f"There is no event {event!r}.")
        started = [
            self._create_execution(user, self.account.workflows[workflow_id], call.body["data"])
            for (user_id, workflow_id), installed in self.account.installed.items()
            if user_id == user.id and installed.active and self.account.workflows[workflow_id].event == event
        ]
        self.record_change("run", f"{user.username}/{event}")
        return {"message": f"The event started {len(started)} workflows."}

    def run_workflow(self, call: ApiCall) -> Any:
        user = self.find_user(call.body["userId"])
        workflow = self.find_named_workflow(call.body)
        if workflow.event is not None:
            raise ApiError(400, f"The workflow {workflow.name!r} is started by the event {workflow.event!r}.")
        if not self.find_installed_workflow(user, workflow).active:
            raise ApiError(400, f"The user's workflow {workflow.name!r} is not active.")
        self._create_execution(user, workflow, call.body["data"])
        self.record_change("run", f"{user.username}/{workflow.id}")
        return {"message": "The workflow was started."}

    def rerun_workfow(self, call: ApiCall) -> Any:
        user = self.find_user(call.query["userId"])
        workflow = self.find_workflow(call.path["workflowId"])
        wanted = call.path["executionId"]
        for execution in self._list_executions(call):
            if execution.id == wanted:
                break
        else:
            raise ApiError(404, f"The user has no execution {wanted!r} of this workflow.")
        again = self._create_execution(user, workflow, execution.data)
        self.record_change("run", f"{user.username}/{workflow.id}")
        return {"message": "The workflow was started again.", "executionUuid": again.id}

    def get_workflow_analytics(self, call: ApiCall) -> Any:
        executions = self._list_executions(call)
        return {
            "totalWorkflowRuns": len(executions),
            "totalAppActions": sum(len(execution.workflow.blocks) for execution in executions),
            "totalErrors": sum(execution.failed is not None for execution in executions),
        }

    def get_workflow_logs(self, call: ApiCall) -> Any:
        executions = self._list_executions(call)
        page = call.query.get("page", self.first_page) - self.first_page
        limit = call.query.get("limit", DEFAULT_LOG_LIMIT)
        if page < 0:
            raise ApiError(400, f"The first page is {self.first_page}.")
        if limit < 1:
            raise ApiError(400, "The limit is at least 1.")
        newest_first = call.query.get("order", "desc") == "desc"
        executions.sort(key=lambda execution: execution.started_at, reverse=newest_first)
        return {"data": [_create_log(e) for e in executions[page * limit : (page + 1) * limit]]}

    def get_workflow_errors(self, call: ApiCall) -> Any:
        return {
            "data": [
                {
                    "workflowId": execution.workflow.id,
                    "block": execution.failed.app.name,
                    "errorOccurredAt": execution.started_at,
                    "message": f"{execution.failed.app.name} did not accept the record.",
                }
                for execution in self._list_executions(call)
                if execution.failed is not None
            ]
        }

    def delete_logs_for_a_user(self, call: ApiCall) -> Any:
        account = self.account
        name = call.path["userId"]
        user_id = name if name in account.former else self.find_user_by_id(name).id
        for execution in [e for e in account.executions.values() if e.user_id == user_id]:
            del account.executions[execution.id]
        self.record_change("logs deleted", name)
        return {"message": "The user's logs are deleted."}

    def _create_execution(self, user: User, workflow: Workflow, data: Any) -> Execution:
        execution = Execution(self.create_id(), user.id, workflow, self.format_now(), data)
        self.account.executions[execution.id] = execution
        return execution

    def _list_executions(self, call: ApiCall) -> list[Execution]:
        """List the executions of the workflow in the path, of one user if the query names one; older ones have lapsed."""
        oldest = self.format_now(days_ago=LOG_DAYS)
        for lapsed in [e for e in self.account.executions.values() if e.started_at < oldest]:
            del self.account.executions[lapsed.id]
        workflow = self.find_workflow(call.path["workflowId"])
        user = self.find_user(call.query["userId"]) if "userId" in call.query else None
        return [
            execution
            for execution in self.account.executions.values()
            if execution.workflow is workflow and (user is None or execution.user_id == user.id)
        ]


def _create_log(execution: Execution) -> dict[str, Any]:
    moment = execution.started_at
    return {
        "executionId": execution.id,
        "startedAt": moment,
        "stoppedAt": moment,
        "finished": execution.failed is None,
        "results": [
            {
                "blockId": block.id,
                "startedAt": moment,
                "stoppedAt": moment,
                "data": [[{"json": execution.data, "id": "0"}]],
            }
            for block in execution.workflow.blocks
            if block is not execution.failed
        ],
        "inputs": [{"blockId": execution.workflow.blocks[0].id, "data": execution.data}],
    }
