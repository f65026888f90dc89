"""Service accounts of an emulated Agilicus, and metadata of users."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError
from .listing import limit_rows, matches
from .lookups import NOTHING, AgilicusLookups, reply_created
from .state import Json


class AccountOperations(AgilicusLookups):
    """The operations on service accounts and on metadata."""

    def create_service_account(self, call: ApiCall) -> Any:
        spec = call.body["spec"]
        self.look_up(self.tenant.orgs, spec["org_id"], "organisation")
        account = self.create_entity({"enabled": True, **spec})
        account_id = account["metadata"]["id"]
        body = {"first_name": spec["name"], "email": f"{account_id}@service-accounts.example".lower()}
        user = self.add_user(body, spec["org_id"], "service_account")
        account["status"] = {"user": self.describe_briefly(user)}
        self.tenant.service_accounts[account_id] = account
        self.record_change("created", account_id)
        return reply_created(account)

    def get_service_account(self, call: ApiCall) -> Any:
        return self._account(call)

    def list_service_accounts(self, call: ApiCall) -> Any:
        rows = [
            account
            for account in self.tenant.service_accounts.values()
            if matches(account["spec"], call.query, {"org_id": "org_id"})
            and matches(account["status"]["user"], call.query, {"user_id": "id"})
        ]
        return limit_rows("service_accounts", rows, call.query)

    def replace_service_account(self, call: ApiCall) -> Any:
        account = self._account(call)
        if self.require_body(call.body)["spec"]["org_id"] != account["spec"]["org_id"]:
            raise ApiError(400, "A service account stays in its organisation.")
        self.replace(account, call.body)
        self.record_change("updated", account["metadata"]["id"])
        return account

    def delete_service_account(self, call: ApiCall) -> Any:
        account = self._account(call)
        spec, account_id = account["spec"], account["metadata"]["id"]
        for name in ("protected_by_id", "protected_by_type"):
            if spec.get(name) is not None and call.query.get(name) != spec[name]:
                raise ApiError(403, f"The service account is protected: {name} must be given as it is.")
        user_id = account["status"]["user"]["id"]
        del self.tenant.service_accounts[account_id], self.tenant.users[user_id]
        del self.tenant.roles[spec["org_id"], user_id]
        self.record_change("deleted", account_id)
        return NOTHING

    def create_user_metadata(self, call: ApiCall) -> Any:
        self.find_user(call.body["spec"]["user_id"])
        return reply_created(self._add_metadata(call.body["spec"]))

    def get_user_metadata(self, call: ApiCall) -> Any:
        return self._metadata(call)

    def list_user_metadata(self, call: ApiCall) -> Any:
        names = {name: name for name in ("user_id", "org_id", "app_id", "data_type")}
        rows = self.tenant.metadata.values()
        return limit_rows(
            "user_metadata",
            [entry for entry in rows if matches(entry["spec"], call.query, names)],
            call.query,
        )

    def replace_user_metadata(self, call: ApiCall) -> Any:
        entry = self._metadata(call)
        self.find_user(self.require_body(call.body)["spec"]["user_id"])
        self.replace(entry, call.body)
        self.record_change("updated", entry["metadata"]["id"])
        return entry

    def delete_user_metadata(self, call: ApiCall) -> Any:
        entry_id = self._metadata(call)["metadata"]["id"]
        del self.tenant.metadata[entry_id]
        self.record_change("deleted", entry_id)
        return NOTHING

    def bulk_update_metadata(self, call: ApiCall) -> Any:
        """The same entry for every person of the organisation, or everywhere where it is null."""
        body = self.require_body(call.body)
        if body["org_id"] is not None:
            self.look_up(self.tenant.orgs, body["org_id"], "organisation")
        for user_id, user in self.tenant.users.items():
            if user["type"] == "user" and body["org_id"] in (None, *self.tenant.orgs_of(user_id)):
                self._set_metadata({**body, "user_id": user_id})
        return NOTHING

    def _set_metadata(self, spec: Json) -> None:
        same = ("user_id", "org_id", "app_id", "name", "data_type")
        for entry in self.tenant.metadata.values():
            if all(entry["spec"].get(name) == spec.get(name) for name in same):
                self.replace(entry, {"spec": spec})
                self.record_change("updated", entry["metadata"]["id"])
                return
        self._add_metadata(spec)

    def _add_metadata(self, spec: Json) -> Json:
        entry = self.create_entity(spec)
        self.tenant.metadata[entry["metadata"]["id"]] = entry
        self.record_change("created", entry["metadata"]["id"])
        return entry

    def _account(self, call: ApiCall) -> Json:
        account_id = call.path["service_account_id"]
        account = self.look_up(self.tenant.service_accounts, account_id, "service account")
        if not matches(account["spec"], call.query, {"org_id": "org_id"}):
            raise ApiError(404, f"The service account {account_id!r} is in another organisation.")
        return account

    def _metadata(self, call: ApiCall) -> Json:
        entry_id = call.path["metadata_id"]
        entry = self.look_up(self.tenant.metadata, entry_id, "metadata entry")
        if not matches(entry["spec"], call.query, {"user_id": "user_id", "org_id": "org_id"}):
            raise ApiError(404, f"The metadata entry {entry_id!r} is another user's or organisation's.")
        return entry
