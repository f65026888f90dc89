"""Requests for access in an emulated Agilicus."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..messages import ApiCall, ApiError
from .listing import limit_rows, matches, page_by_email
from .lookups import NOTHING, AgilicusLookups, reply_created
from .state import Json


class RequestOperations(AgilicusLookups):
    """The operations on requests of users for access to a resource."""

    def create_user_request(self, call: ApiCall) -> Any:
        spec = call.body["spec"]
        user = self.find_user(spec["user_id"], spec["org_id"])
        self.look_up({key: {} for key in self.tenant.resources}, spec["requested_resource"], "resource")
        request = self.create_entity({**spec, "state": "pending"}, status={"email": user["email"]})
        self.tenant.requests[request["metadata"]["id"]] = request
        self.record_change("created", request["metadata"]["id"])
        return reply_created(self._describe_request(request))

    def get_user_request(self, call: ApiCall) -> Any:
        return self._describe_request(self._find_request(call))

    def list_user_requests(self, call: ApiCall) -> Any:
        rows = [self._describe_request(request) for request in self._select_requests(call)]
        return limit_rows("user_requests", rows, call.query)

    def replace_user_request(self, call: ApiCall) -> Any:
        """Everything but the state, which only `update_user_request` changes."""
        request = self._find_request(call)
        state = request["spec"]["state"]
        self.replace(request, call.body)
        request["spec"] = {**request["spec"], "state": state}
        self.record_change("updated", request["metadata"]["id"])
        return self._describe_request(request)

    def update_user_request(self, call: ApiCall) -> Any:
        """Approve or decline, as the state in the body says."""
        request = self._find_request(call)
        spec = self.require_body(call.body)["spec"]
        state = spec.get("state")
        if state is None:
            raise ApiError(400, "spec.state is missing: it names the action.")
        request["spec"] = {**request["spec"], "state": state}
        if "response_information" in spec:
            request["spec"]["response_information"] = spec["response_information"]
        request["metadata"]["updated"] = self.now()
        if state == "approved":
            self._grant(request["spec"])
        self.record_change("updated", request["metadata"]["id"])
        return self._describe_request(request)

    def delete_user_request(self, call: ApiCall) -> Any:
        request_id = self._find_request(call)["metadata"]["id"]
        del self.tenant.requests[request_id]
        self.record_change("deleted", request_id)
        return NOTHING

    def list_access_requests(self, call: ApiCall) -> Any:
        by_user: dict[str, list[Json]] = {}
        for request in self._select_requests(call):
            by_user.setdefault(request["spec"]["user_id"], []).append(self._describe_request(request))
        rows = [
            (
                self.find_user(user_id)["email"],
                {
                    "metadata": {"id": user_id},
                    "status": {
                        "user": self.describe(self.find_user(user_id), call.query["org_id"]),
                        "user_requests": requests,
                    },
                },
            )
            for user_id, requests in by_user.items()
        ]
        return page_by_email("access_requests", rows, call.query, "email")

    def _select_requests(self, call: ApiCall) -> list[Json]:
        names = {
            "user_id": "user_id",
            "org_id": "org_id",
            "request_state": "state",
            "request_type": "requested_resource_type",
        }
        rows = self.tenant.requests.values()
        return [request for request in rows if matches(request["spec"], call.query, names)]

    def _find_request(self, call: ApiCall) -> Json:
        request_id = call.path["user_request_id"]
        request = self.look_up(self.tenant.requests, request_id, "user request")
        if not matches(request["spec"], call.query, {"user_id": "user_id", "org_id": "org_id"}):
            raise ApiError(404, f"The request {request_id!r} is another user's or organisation's.")
        return request

    def _describe_request(self, request: Json) -> Json:
        expiry = request["spec"].get("expiry_date")
        now = datetime.fromtimestamp(self.clock(), UTC)
        expired = expiry is not None and datetime.fromisoformat(expiry) <= now
        return {**request, "status": {**request["status"], "expired": expired}}

    def _grant(self, spec: Json) -> None:
        resource = self.tenant.resources[spec["requested_resource"]]
        permission = self.create_entity(
            {
                "user_id": spec["user_id"],
                "org_id": spec["org_id"],
                "resource_id": resource.id,
                "resource_type": resource.kind,
                "resource_role_name": resource.role,
            }
        )
        self.tenant.permissions[permission["metadata"]["id"]] = permission
