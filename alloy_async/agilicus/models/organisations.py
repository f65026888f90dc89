"""Organisations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

import attrs

from ...core.codec.model import Model

OrganisationStateSelector: TypeAlias = Literal["active", "suspended", "disabled", "deleted"]
OrganisationStateStatus: TypeAlias = OrganisationStateSelector
LicenseConstraintVariables: TypeAlias = Mapping[str, Any]


@attrs.define(eq=False, repr=False)
class FeatureFlag(Model):
    """A feature that is on or off for an organisation, and its setting."""

    feature: str | None = None
    enabled: bool | None = None
    setting: str | None = None


@attrs.define(eq=False, repr=False)
class OrganisationCapabilities(Model):
    """The features that an organisation may use."""

    features: list[str] | None = None


@attrs.define(eq=False, repr=False)
class OrganisationStatus(Model):
    """Whether an organisation and its parts are up; None where that is not known."""

    all_up: bool | None = None
    admin_up: bool | None = None
    issuer_up: bool | None = None
    current_state: OrganisationStateStatus | str | None = None
    capabilities: OrganisationCapabilities | None = None


@attrs.define(eq=False, repr=False)
class OrganisationOwnerConfig(Model):
    """What the owner of an organisation has set."""

    disable_user_requests: bool | None = None


@attrs.define(eq=False, repr=False)
class LicenseConstraint(Model):
    """A condition of the licence, as an expression."""

    name: str | None = None
    expression: str | None = None
    priority: int | None = None
    comment: str | None = None


@attrs.define(eq=False, repr=False)
class OrganisationSystemOptions(Model):
    """What the service's operator has set for an organisation."""

    id: str | None = None
    new_subscription_feature_overrides: list[str] | None = None
    allowed_domains: list[str] | None = None
    license_constraints: list[LicenseConstraint] | None = None
    constraint_variables: LicenseConstraintVariables | None = None


@attrs.define(eq=False, repr=False)
class Organisation(Model):
    """An organisation, maybe below another one."""

    id: str | None = None
    all_users_group_id: str | None = None
    all_users_all_suborgs_group_id: str | None = None
    all_users_direct_suborgs_group_id: str | None = None
    auto_created_users_group_id: str | None = None
    external_id: str | None = None
    organisation: str | None = None
    issuer: str | None = None
    issuer_id: str | None = None
    subdomain: str | None = None
    name_slug: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    contact_id: str | None = None
    contact_email: str | None = None
    parent_id: str | None = None
    root_org_id: str | None = None
    auto_create: bool | None = None
    trust_on_first_use_duration: int | None = None
    feature_flags: list[FeatureFlag] | None = None
    admin_state: OrganisationStateSelector | str | None = None
    status: OrganisationStatus | None = None
    billing_account_id: str | None = None
    billing_subscription_id: str | None = None
    shard: str | None = None
    cluster: str | None = None
    configured_capabilities: OrganisationCapabilities | None = None
    owner_config: OrganisationOwnerConfig | None = None
    product_label_override: str | None = None
    system_options: OrganisationSystemOptions | None = None
    ruleset_bundle_id: str | None = None
    point_of_presence_id: str | None = None
    point_of_presence_name: str | None = None
    region_id: str | None = None
    region_name: str | None = None


@attrs.define(eq=False, repr=False)
class ListOrgsResponse(Model):
    """The organisations of a user."""

    limit: int | None = None
    orgs: list[Organisation] | None = None
    page_at_id: str | None = None
