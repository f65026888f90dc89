"""Apps of an emulated Alloy account, and the credentials that users hold for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from ..messages import ApiCall, ApiError
from .service_base import AlloyServiceBase
from .state import App, Credential


class CredentialOperations(AlloyServiceBase):
    """The operations on apps, credentials and their metadata."""

    def list_apps(self, call: ApiCall) -> Any:
        apps = self.account.apps.values()
        return {"data": [{"name": a.name, "icon": a.icon, "type": list(a.kinds)} for a in apps]}

    def get_credential_metadata(self, call: ApiCall) -> Any:
        return {"data": [_describe_metadata(app) for app in self.account.apps.values()]}

    def credential_medata_by_app(self, call: ApiCall) -> Any:
        return {"data": _describe_metadata(self.find_app(call.path["app"]))}

    def create_a_credential(self, call: ApiCall) -> Any:
        user = self.find_user(call.body["userId"])
        app = self.find_app(call.body["credential"]["type"])
        if not app.is_oauth:
            _require_properties(app, call.body["credential"]["data"])
        credential = Credential(self.create_id(), user.id, app.name, self.format_now())
        self.account.credentials[credential.id] = credential
        self.record_change("created", credential.id)
        return {"success": True, "credentialId": credential.id}

    def list_user_credentials(self, call: ApiCall) -> Any:
        user = self.find_user_by_id(call.path["userId"])
        return {
            "data": [
                {
                    "credentialId": credential.id,
                    "type": credential.app,
                    "createdAt": credential.created_at,
                    "updatedAt": credential.created_at,
                }
                for credential in self.list_credentials(user)
            ]
        }

    def delete_a_credential(self, call: ApiCall) -> Any:
        user = self.find_user_by_id(call.path["userId"])
        wanted = call.path["credentialId"]
        if wanted not in {credential.id for credential in self.list_credentials(user)}:
            raise ApiError(404, f"The user has no credential {wanted!r}.")
        del self.account.credentials[wanted]
        self.record_change("deleted", wanted)
        return {"success": True}

    def generate_oauth_link(self, call: ApiCall) -> Any:
        query = dict(call.query)
        user = self.find_user(query.pop("userId"))
        name = query.pop("credentialName", None)
        name = query.pop("app", None) or name
        if name is None:
            raise ApiError(400, "Give app or credentialName.")
        app = self.find_app(name)
        if not app.is_oauth:
            raise ApiError(400, f"{app.name} does not use OAuth; create a credential for it.")
        _require_properties(app, query)
        values = urlencode({"state": user.id, **query}, doseq=True)
        return {"oauthUrl": f"https://oauth.example/{app.name}/authorize?{values}"}


def _describe_metadata(app: App) -> dict[str, Any]:
    return {
        "name": app.name,
        "icon": app.icon,
        "isOauth": app.is_oauth,
        "properties": [
            {"name": name, "displayName": title, "description": text} for name, title, text in app.properties
        ],
    }


def _require_properties(app: App, values: dict[str, Any]) -> None:
    """Refuse when a property that the app's credential asks for is missing."""
    missing = [name for name, _, _ in app.properties if name not in values]
    if missing:
        raise ApiError(400, f"{app.name} needs: {', '.join(missing)}.")
