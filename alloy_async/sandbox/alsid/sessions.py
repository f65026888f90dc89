"""Who calls an emulated Tenable.ad installation: sessions, and passwords with their recovery."""

from __future__ import annotations

from typing import Any

from ..messages import ApiCall, ApiError
from .service_base import AlsidServiceBase
from .state import ADMIN, ROLES


class SessionOperations(AlsidServiceBase):
    """The operations on the caller, its sessions and passwords."""

    def api_users_whoami_get(self, call: ApiCall) -> Any:
        user = self.get_admin_as_caller()
        return {
            **user.to_json(),
            "roles": [ROLES[role].to_json() for role in user.roles],
            "internal": user.id == ADMIN,
        }

    def api_login_post(self, call: ApiCall) -> Any:
        user = self.find_by_email(call.body["email"])
        if user is None or not user.active or user.password != call.body["password"]:
            raise ApiError(401, "Email or password is wrong.")
        token = self.create_token()
        self.installation.sessions[token] = user.id
        self.record_change("logged in", user.email)
        return {"authToken": token}

    def api_logout_post(self, call: ApiCall) -> Any:
        user = self.get_admin_as_caller()
        self.end_sessions(user)
        self.record_change("logged out", user.email)
        return "logged out"

    def api_users_password_patch(self, call: ApiCall) -> Any:
        user = self.get_admin_as_caller()
        if user.password != call.body["oldPassword"]:
            raise ApiError(400, "The old password is wrong.")
        self.set_password(user, call.body["newPassword"])

    def api_users_forgotten_password_post(self, call: ApiCall) -> Any:
        user = self.find_by_email(call.body["email"])
        if user is not None:  # an unknown email gets the same answer, which tells nobody who is there
            self.installation.mails.append((user.email, self.create_token()))
            self.record_change("mailed", user.email)

    def api_users_retrieve_password_post(self, call: ApiCall) -> Any:
        mails = self.installation.mails
        mail = next((mail for mail in mails if mail[1] == call.body["token"]), None)
        user = self.find_by_email(mail[0]) if mail else None
        if mail is None or user is None:
            raise ApiError(400, "The token is not known, or was used.")
        self.set_password(user, call.body["newPassword"])
        mails.remove(mail)
