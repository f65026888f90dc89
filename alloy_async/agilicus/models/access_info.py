"""The access that users have to applications and file shares."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from ...core.codec.model import Model

AccessLevel: TypeAlias = Literal["requested", "granted", "none"]


@attrs.define(eq=False, repr=False)
class IconDimensions(Model):
    """Size of an icon, in pixels."""

    width: int | None = None
    height: int | None = None


@attrs.define(eq=False, repr=False)
class Icon(Model):
    """Where an icon is, and what it is meant for."""

    uri: str | None = None
    purposes: list[str] | None = None
    dimensions: IconDimensions | None = None


@attrs.define(eq=False, repr=False)
class DisplayInfo(Model):
    """How a resource is shown, and where it is hidden."""

    icons: list[Icon] | None = None
    hide: Literal["no", "all", "profile", "desktop"] | str | None = None


@attrs.define(eq=False, repr=False)
class UserApplicationAccessInfoStatus(Model):
    """An application, and whether a user has access to it."""

    user_id: str | None = None
    org_id: str | None = None
    org_name: str | None = None
    application_name: str | None = None
    application_url: str | None = None
    access_level: AccessLevel | str | None = None
    resource_id: str | None = None
    parent_org_id: str | None = None
    parent_org_name: str | None = None
    application_description: str | None = None
    application_category: str | None = None
    icon_url: str | None = None
    application_default_role_name: str | None = None
    application_default_role_id: str | None = None
    roles: list[str] | None = None
    display_info: DisplayInfo | None = None
    connector_id: str | None = None


@attrs.define(eq=False, repr=False)
class UserApplicationAccessInfo(Model):
    """One entry of `list_user_application_access_info`."""

    status: UserApplicationAccessInfoStatus | None = None


@attrs.define(eq=False, repr=False)
class ListUserApplicationAccessInfoResponse(Model):
    """The access of a user to applications."""

    user_application_access_info: list[UserApplicationAccessInfo] | None = None
    limit: int | None = None


@attrs.define(eq=False, repr=False)
class FileShareClientConfigWindowsConfig(Model):
    """How Windows mounts a share."""

    name: str | None = None
    type: Literal["mapped_drive", "network_location"] | str | None = None


@attrs.define(eq=False, repr=False)
class FileShareClientConfigLinuxConfig(Model):
    """Where Linux mounts a share."""

    path: str | None = None


@attrs.define(eq=False, repr=False)
class FileShareClientConfigMacConfig(Model):
    """Where macOS mounts a share."""

    path: str | None = None


@attrs.define(eq=False, repr=False)
class FileShareClientConfig(Model):
    """How each system mounts a share."""

    windows_config: FileShareClientConfigWindowsConfig | None = None
    linux_config: FileShareClientConfigLinuxConfig | None = None
    mac_config: FileShareClientConfigMacConfig | None = None


@attrs.define(eq=False, repr=False)
class UserFileShareAccessInfoStatus(Model):
    """A file share, and whether a user has access to it."""

    user_id: str | None = None
    org_id: str | None = None
    org_name: str | None = None
    share_id: str | None = None
    share_name: str | None = None
    share_url: str | None = None
    access_level: AccessLevel | str | None = None
    parent_org_id: str | None = None
    parent_org_name: str | None = None
    per_host_share_url: str | None = None
    share_config: FileShareClientConfig | None = None
    roles: list[str] | None = None
    display_info: DisplayInfo | None = None
    updated: datetime | None = None
    connector_id: str | None = None


@attrs.define(eq=False, repr=False)
class UserFileShareAccessInfo(Model):
    """One entry of `list_user_file_share_access_info`."""

    status: UserFileShareAccessInfoStatus | None = None


@attrs.define(eq=False, repr=False)
class ListUserFileShareAccessInfoResponse(Model):
    """The access of a user to file shares."""

    user_file_share_access_info: list[UserFileShareAccessInfo] | None = None
    limit: int | None = None
