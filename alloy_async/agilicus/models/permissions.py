"""Roles and permissions: what a user may do, and by which rules."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from ...core.codec.model import Model
from .common import MetadataWithId
from .users import Roles


@attrs.define(eq=False, repr=False)
class ReplaceUserRoleRequest(Model):
    """The roles that a user is to have in an organisation, instead of those it has."""

    roles: Roles | None = None


@attrs.define(eq=False, repr=False)
class UserRolesForAnOrg(Model):
    """One role of a user in an application of an organisation."""

    user_id: str | None = None
    org_id: str | None = None
    application: str | None = None
    role: str | None = None

    @property
    def identity(self) -> tuple[str | None, ...]:
        """What tells entries apart: all there is of them."""
        return self.user_id, self.org_id, self.application, self.role


@attrs.define(eq=False, repr=False)
class ListUserRolesForAnOrg(Model):
    """One page of the roles of users, from `offset` on."""

    org_user_roles: list[UserRolesForAnOrg] | None = None
    limit: int | None = None
    offset: int | None = None


@attrs.define(eq=False, repr=False)
class ResourcePermissionSpec(Model):
    """The role of a user for a resource."""

    user_id: str | None = None
    org_id: str | None = None
    resource_id: str | None = None
    resource_type: (
        Literal[
            "fileshare",
            "application_service",
            "desktop",
            "group",
            "application",
            "launcher",
            "service_forwarder",
            "ssh",
            "database",
        ]
        | str
        | None
    ) = None
    resource_role_name: str | None = None


@attrs.define(eq=False, repr=False)
class ResourcePermission(Model):
    """A permission of a user for a resource."""

    spec: ResourcePermissionSpec | None = None
    metadata: MetadataWithId | None = None


@attrs.define(eq=False, repr=False)
class RenderedResourcePermissions(Model):
    """All that a user may do with resources in an organisation, by itself or through its groups."""

    resource_permissions: list[ResourcePermission] | None = None
    user_id: str | None = None
    org_id: str | None = None


@attrs.define(eq=False, repr=False)
class TemplatePath(Model):
    """A path with placeholders; `prefix` says that longer paths match as well."""

    template: str | None = None
    prefix: bool | None = None


@attrs.define(eq=False, repr=False)
class RenderedQueryParameter(Model):
    """A query parameter that a request must have, maybe with a certain value."""

    name: str | None = None
    exact_match: str | None = None


@attrs.define(eq=False, repr=False)
class JSONBodyConstraint(Model):
    """A value that a request's JSON body must hold, at a JSON pointer."""

    name: str | None = None
    exact_match: str | None = None
    match_type: Literal["string"] | str | None = None
    pointer: str | None = None


@attrs.define(eq=False, repr=False)
class RenderedRuleBody(Model):
    """What a rule asks of a request's body."""

    json: list[JSONBodyConstraint] | None = None


@attrs.define(eq=False, repr=False)
class ResourceInfo(Model):
    """The resource that a rule is about."""

    resource_id: str | None = None
    resource_org_id: str | None = None
    resource_type: str | None = None


@attrs.define(eq=False, repr=False)
class RuleMatchCriteria(Model):
    """A comparison with a literal, of any JSON type, or with what another extractor finds."""

    operator: (
        Literal["equals", "not_equals", "greater_than", "less_than", "in", "not_in", "undefined"] | str | None
    ) = None
    match_literal: Any = None
    match_extractor: str | None = None


@attrs.define(eq=False, repr=False)
class RuleMatcher(Model):
    """Comparisons of what one extractor finds in a request."""

    extractor_name: str | None = None
    inverted: bool | None = None
    join_operation: Literal["and", "or"] | str | None = None
    criteria: list[RuleMatchCriteria] | None = None


@attrs.define(eq=False, repr=False)
class RuleMatcherList(Model):
    """Matchers, of which all or any must hold."""

    matchers: list[RuleMatcher] | None = None
    join_operation: Literal["and", "or"] | str | None = None


@attrs.define(eq=False, repr=False)
class RenderedRule(Model):
    """The requests that a rule allows."""

    methods: (
        list[
            Literal[
                "get",
                "put",
                "post",
                "delete",
                "head",
                "options",
                "connect",
                "trace",
                "patch",
                "copy",
                "lock",
                "mkcol",
                "move",
                "propfind",
                "proppatch",
                "unlock",
                "all",
            ]
            | str
        ]
        | None
    ) = None
    paths: list[str] | None = None
    template_paths: list[TemplatePath] | None = None
    query_parameters: list[RenderedQueryParameter] | None = None
    body: RenderedRuleBody | None = None
    resource_info: ResourceInfo | None = None
    matchers: RuleMatcherList | None = None
    separate_query: bool | None = None


@attrs.define(eq=False, repr=False)
class HostPermissions(Model):
    """What a user may request of one host."""

    upstream_host: str | None = None
    app_id: str | None = None
    admin_org_id: str | None = None
    allowed_list: list[RenderedRule] | None = None
