"""Requests for access in an emulated Agilicus: decided, and listed by user."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError
from .entity_kinds import USER_REQUESTS
from .listing import page_by_email
from .service_base import AgilicusServiceBase
from .state import Json


class AccessRequestOperations(AgilicusServiceBase):
    """The operations on requests of users for access, besides those that every kind of object has."""

    def update_user_request(self, call: ApiCall) -> Any:
        """Approve or decline, as the state in the body says."""
        request = USER_REQUESTS.find_entity(self, call)
        spec = self.require_body(call.body)["spec"]
        state = spec.get("state")
        if state is None:
            raise ApiError(400, "spec.state is missing: it names the action.")
        request["spec"] = {**request["spec"], "state": state}
        if "response_information" in spec:
            request["spec"]["response_information"] = spec["response_information"]
        request["metadata"]["updated"] = self.format_now()
        if state == "approved":
            self._grant(request["spec"])
        self.record_change("updated", request["metadata"]["id"])
        return USER_REQUESTS.create_answer(self, request)

    def list_access_requests(self, call: ApiCall) -> Any:
        by_user: dict[str, list[Json]] = {}
        for request in self.tenant.requests.values():
            if not USER_REQUESTS.is_listed(request, call.query):
                continue
            by_user.setdefault(request["spec"]["user_id"], []).append(
                USER_REQUESTS.create_answer(self, request)
            )
        rows = [
            (
                self.find_user(user_id)["email"],
                {
                    "metadata": {"id": user_id},
                    "status": {
                        "user": self.create_user_answer(self.find_user(user_id), call.query["org_id"]),
                        "user_requests": requests,
                    },
                },
            )
            for user_id, requests in by_user.items()
        ]
        return page_by_email("access_requests", rows, call.query, "email")

    def _grant(self, spec: Json) -> None:
        resource = self.tenant.resources[spec["requested_resource"]]
        permission = self.create_unstored_entity(
            {
                "user_id": spec["user_id"],
                "org_id": spec["org_id"],
                "resource_id": resource.id,
                "resource_type": resource.kind,
                "resource_role_name": resource.role,
            }
        )
        self.tenant.permissions[permission["metadata"]["id"]] = permission
