"""Users of an emulated Agilicus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..world import Call, Refused
from .listing import matches, page_by_email, text_matcher
from .state import Json
from .tenant import NOTHING, TenantWorld, created, owned

SEARCHED = ("id", "email", "first_name", "last_name", "external_id")


class UserOperations(TenantWorld):
    """The operations on users and groups themselves."""

    def create_user(self, call: Call) -> Any:
        body = call.body
        org_id = body.get("org_id")
        if org_id is not None:
            self.found(self.tenant.orgs, org_id, "organisation")
        user = self.by_email(self._email(body))
        if user is None:
            user = self.add_user(body, org_id)
        elif org_id is not None and org_id not in self.tenant.orgs_of(user["id"]):
            self.join(user, org_id)  # known from another organisation
        else:
            raise Refused(409, f"A user with the email {body['email']!r} exists.")
        self.effect("created", user["email"])
        return created(self.describe(user, org_id))

    def get_user(self, call: Call) -> Any:
        org_id = call.query.get("org_id")
        return self.describe(self.user(call.path["user_id"], org_id), org_id)

    def replace_user(self, call: Call) -> Any:
        user = self.user(call.path["user_id"])
        body = self.given(call.body)
        holder = self.by_email(self._email(body))
        if holder not in (None, user):
            raise Refused(409, f"Another user has the email {body['email']!r}.")
        self.write(user, body)
        org_id = body.get("org_id")
        if "roles" in body and org_id in self.tenant.orgs_of(user["id"]):
            self.tenant.roles[str(org_id), user["id"]] = body["roles"]
        self.effect("updated", user["email"])
        return self.describe(user, org_id)

    def delete_user(self, call: Call) -> Any:
        org_id = call.path["org_id"]
        user = self.user(call.path["user_id"], org_id)
        for group in self.tenant.groups_of(user["id"], org_id):
            self.tenant.members[group].remove(user["id"])
        del self.tenant.roles[org_id, user["id"]]
        if user.get("org_id") == org_id:
            del user["org_id"]
        self.effect("deleted", user["email"])
        return NOTHING

    def create_user_identity_update(self, call: Call) -> Any:
        user = self.user(call.path["user_id"])
        spec = call.body["spec"]
        email = spec.get("primary_email", user["email"])
        if self.by_email(email) not in (None, user):
            raise Refused(409, f"Another user has the email {email!r}.")
        user["email"] = email
        user.update({name: spec[name] for name in ("first_name", "last_name") if name in spec})
        if "attributes" in spec:
            user["configured_attributes"] = spec["attributes"]
        user["updated"] = self.now()
        self.effect("updated", email)
        return created(call.body)

    def list_users(self, call: Call) -> Any:
        org_id = call.query.get("org_id")
        rows = [(user["email"], self.describe(user, org_id)) for user in self._asked_for(call.query)]
        return page_by_email("users", rows, call.query, "previous_email")

    def list_combined_user_details(self, call: Call) -> Any:
        query = dict(call.query)
        if "type" in query:
            query["type"] = [query["type"]]
        rows = [
            (
                user["email"],
                {
                    "metadata": {"id": user["id"]},
                    "status": {
                        "user": self.describe(user, query.get("org_id")),
                        "mfa_challenge_methods": owned(self.tenant.methods, user["id"]),
                    },
                },
            )
            for user in self._asked_for(query)
        ]
        return page_by_email("combined_user_details", rows, query, "previous_email")

    def list_user_guids(self, call: Call) -> Any:
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

    def list_all_user_orgs(self, call: Call) -> Any:
        user = self.user(call.path["user_id"])
        orgs = [self.tenant.orgs[org_id] for org_id in self.tenant.orgs_of(user["id"])]
        return {
            "limit": len(orgs),
            "orgs": [org for org in orgs if matches(org, call.query, {"issuer": "issuer"})],
        }

    def _email(self, body: Json) -> str:
        email: str = body.get("email") or ""
        if not email:
            raise Refused(400, "The email is missing.")
        return email

    def _asked_for(self, query: Mapping[str, Any]) -> Iterator[Json]:
        for user in self.tenant.users.values():
            if self._has_texts(user, query) and self._belongs(user, query) and self._flagged(user, query):
                yield user

    def _has_texts(self, user: Json, query: Mapping[str, Any]) -> bool:
        same = text_matcher(query)
        texts = [user[name].casefold() for name in SEARCHED if user.get(name)]
        return (
            all(
                same(user.get(name), query[name])
                for name in ("email", "first_name", "last_name", "provider")
                if name in query
            )
            and user["email"].casefold().startswith(query.get("prefix_email_search", "").casefold())
            and all(any(w.casefold() in t for t in texts) for w in query.get("search_params", ()))
        )

    def _belongs(self, user: Json, query: Mapping[str, Any]) -> bool:
        orgs = self.tenant.orgs_of(user["id"])
        issuers = [self.tenant.orgs[org]["issuer"] for org in orgs]
        identities = [identity["spec"] for identity in owned(self.tenant.identities, user["id"])]
        return (
            query.get("org_id") in (None, *orgs)
            and query.get("issuer") in (None, *issuers)
            and query.get("upstream_user_id") in (None, *(i["upstream_user_id"] for i in identities))
            and query.get("upstream_idp_id") in (None, *(i["upstream_idp_id"] for i in identities))
            and query.get("user_id") in (None, user["id"])
            and user["type"] in query.get("type", [user["type"]])
            and user["status"] in query.get("status", [user["status"]])
        )

    def _flagged(self, user: Json, query: Mapping[str, Any]) -> bool:
        tenant, user_id = self.tenant, user["id"]
        facts = {
            "has_roles": any(tenant.roles_of(user_id, query.get("org_id")).values()),
            "has_resource_roles": any(p["spec"]["user_id"] == user_id for p in tenant.permissions.values()),
            "orgless_users": not tenant.orgs_of(user_id),
            "mfa_enrolled": bool(owned(tenant.methods, user_id)),
            "auto_created": user["auto_created"],
        }
        return matches(facts, query, {name: name for name in facts})
