"""Users of an emulated Agilicus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..messages import ApiCall, ApiError
from ..name_folding import fold
from .listing import create_text_matcher, matches, page_by_email
from .service_base import NOTHING, AgilicusServiceBase, create_created_reply, list_owned
from .state import Json

SEARCHED = ("id", "email", "first_name", "last_name", "external_id")


class UserOperations(AgilicusServiceBase):
    """The operations on users and groups themselves."""

    def create_user(self, call: ApiCall) -> Any:
        body = call.body
        org_id = body.get("org_id")
        if org_id is not None:
            self.look_up(self.tenant.orgs, org_id, "organisation")
        user = self.find_by_email(self._read_email(body))
        if user is None:
            user = self.add_user(body, org_id)
        elif org_id is not None and org_id not in self.tenant.list_orgs_of(user["id"]):
            self.add_to_organisation(user, org_id)  # known from another organisation
        else:
            raise ApiError(409, f"A user with the email {body['email']!r} exists.")
        self.record_change("created", user["email"])
        return create_created_reply(self.create_user_answer(user, org_id))

    def get_user(self, call: ApiCall) -> Any:
        org_id = call.query.get("org_id")
        return self.create_user_answer(self.find_user(call.path["user_id"], org_id), org_id)

    def replace_user(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        body = self.require_body(call.body)
        holder = self.find_by_email(self._read_email(body))
        if holder not in (None, user):
            raise ApiError(409, f"Another user has the email {body['email']!r}.")
        self.overwrite_user(user, body)
        org_id = body.get("org_id")
        if "roles" in body and org_id in self.tenant.list_orgs_of(user["id"]):
            self.tenant.roles[str(org_id), user["id"]] = body["roles"]
        self.record_change("updated", user["email"])
        return self.create_user_answer(user, org_id)

    def delete_user(self, call: ApiCall) -> Any:
        org_id = call.path["org_id"]
        user = self.find_user(call.path["user_id"], org_id)
        for group in self.tenant.list_groups_of(user["id"], org_id):
            self.tenant.members[group].remove(user["id"])
        del self.tenant.roles[org_id, user["id"]]
        if user.get("org_id") == org_id:
            del user["org_id"]
        self.record_change("deleted", user["email"])
        return NOTHING

    def create_user_identity_update(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        spec = call.body["spec"]
        email = spec.get("primary_email", user["email"])
        if self.find_by_email(email) not in (None, user):
            raise ApiError(409, f"Another user has the email {email!r}.")
        user["email"] = email
        user.update({name: spec[name] for name in ("first_name", "last_name") if name in spec})
        if "attributes" in spec:
            user["configured_attributes"] = spec["attributes"]
        user["updated"] = self.format_now()
        self.record_change("updated", email)
        return create_created_reply(call.body)

    def list_users(self, call: ApiCall) -> Any:
        org_id = call.query.get("org_id")
        rows = [
            (user["email"], self.create_user_answer(user, org_id)) for user in self._select_users(call.query)
        ]
        return page_by_email("users", rows, call.query, "previous_email")

    def list_combined_user_details(self, call: ApiCall) -> Any:
        query = dict(call.query)
        if "type" in query:
            query["type"] = [query["type"]]
        rows = [
            (
                user["email"],
                {
                    "metadata": {"id": user["id"]},
                    "status": {
                        "user": self.create_user_answer(user, query.get("org_id")),
                        "mfa_challenge_methods": list_owned(self.tenant.methods, user["id"]),
                    },
                },
            )
            for user in self._select_users(query)
        ]
        return page_by_email("combined_user_details", rows, query, "previous_email")

    def list_user_guids(self, call: ApiCall) -> Any:
        since = call.query.get("updated_since")
        moment = datetime.fromisoformat(since) if since else None
        users = self.tenant.users.values()
        return {
            "user_ids": [
                user["id"]
                for user in users
                if moment is None or datetime.fromisoformat(user["updated"]) >= moment
            ]
        }

    def list_all_user_orgs(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"])
        orgs = [self.tenant.orgs[org_id] for org_id in self.tenant.list_orgs_of(user["id"])]
        return {
            "limit": len(orgs),
            "orgs": [org for org in orgs if matches(org, call.query, {"issuer": "issuer"})],
        }

    def reset_user_mfa_challenge_methods(self, call: ApiCall) -> Any:
        user = self.find_user(call.path["user_id"], call.body["org_id"])
        for method in list_owned(self.tenant.methods, user["id"]):
            del self.tenant.methods[user["id"], method["metadata"]["id"]]
            self.record_change("deleted", method["metadata"]["id"])
        return NOTHING

    def bulk_update_metadata(self, call: ApiCall) -> Any:
        """Make the same entry for every person of the organisation, or everywhere where it is null."""
        body = self.require_body(call.body)
        if body["org_id"] is not None:
            self.look_up(self.tenant.orgs, body["org_id"], "organisation")
        for user_id, user in self.tenant.users.items():
            if user["type"] == "user" and body["org_id"] in (None, *self.tenant.list_orgs_of(user_id)):
                self._set_metadata({**body, "user_id": user_id})
        return NOTHING

    def _set_metadata(self, spec: Json) -> None:
        same = ("user_id", "org_id", "app_id", "name", "data_type")
        for entry in self.tenant.metadata.values():
            if all(entry["spec"].get(name) == spec.get(name) for name in same):
                entry["spec"] = spec
                entry["metadata"]["updated"] = self.format_now()
                self.record_change("updated", entry["metadata"]["id"])
                return
        self._create_metadata_entry(spec)

    def _create_metadata_entry(self, spec: Json) -> Json:
        entry = self.create_unstored_entity(spec)
        self.tenant.metadata[entry["metadata"]["id"]] = entry
        self.record_change("created", entry["metadata"]["id"])
        return entry

    def _read_email(self, body: Json) -> str:
        email: str = body.get("email") or ""
        if not email:
            raise ApiError(400, "The email is missing.")
        return email

    def _select_users(self, query: Mapping[str, Any]) -> Iterator[Json]:
        for user in self.tenant.users.values():
            if (
                self._matches_texts(user, query)
                and self._matches_other_filters(user, query)
                and self._matches_flags(user, query)
            ):
                yield user

    def _matches_texts(self, user: Json, query: Mapping[str, Any]) -> bool:
        same = create_text_matcher(query)
        texts = [fold(user[name]) for name in SEARCHED if user.get(name)]
        return (
            all(
                same(user.get(name), query[name])
                for name in ("first_name", "last_name", "provider")
                if name in query
            )
            and ("email" not in query or same(fold(user["email"]), fold(query["email"])))
            and fold(user["email"]).startswith(fold(query.get("prefix_email_search", "")))
            and all(any(fold(w) in t for t in texts) for w in query.get("search_params", ()))
        )

    def _matches_other_filters(self, user: Json, query: Mapping[str, Any]) -> bool:
        orgs = self.tenant.list_orgs_of(user["id"])
        issuers = [self.tenant.orgs[org]["issuer"] for org in orgs]
        identities = [identity["spec"] for identity in list_owned(self.tenant.identities, user["id"])]
        return (
            query.get("org_id") in (None, *orgs)
            and query.get("issuer") in (None, *issuers)
            and query.get("upstream_user_id") in (None, *(i["upstream_user_id"] for i in identities))
            and query.get("upstream_idp_id") in (None, *(i["upstream_idp_id"] for i in identities))
            and query.get("user_id") in (None, user["id"])
            and user["type"] in query.get("type", [user["type"]])
            and user["status"] in query.get("status", [user["status"]])
        )

    def _matches_flags(self, user: Json, query: Mapping[str, Any]) -> bool:
        tenant, user_id = self.tenant, user["id"]
        facts = {
            "has_roles": any(tenant.list_roles_of(user_id, query.get("org_id")).values()),
            "has_resource_roles": any(p["spec"]["user_id"] == user_id for p in tenant.permissions.values()),
            "orgless_users": not tenant.list_orgs_of(user_id),
            "mfa_enrolled": bool(list_owned(tenant.methods, user_id)),
            "auto_created": user["auto_created"],
        }
        return matches(facts, query, {name: name for name in facts})
