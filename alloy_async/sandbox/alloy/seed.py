"""What an emulated Alloy account holds at the start."""

from __future__ import annotations

import random
from collections.abc import Callable

from .state import (
    Account,
    App,
    Block,
    Credential,
    EventKind,
    Execution,
    Installed,
    Integration,
    User,
    Workflow,
)

APPS = (
    App("slack", True),
    App("hubspot", True),
    App(
        "shopify",
        True,
        (("shopSubdomain", "Shop subdomain", "The part of the shop's address before the dot."),),
    ),
    App(
        "klaviyo",
        False,
        (("apiKey", "API key", "A private key of the Klaviyo account."),),
        ("action",),
    ),
    App(
        "magento",
        False,
        (
            ("baseUrl", "Shop address", "Where the Magento shop is."),
            ("accessToken", "Access token", "A token of a Magento integration."),
        ),
    ),
)
EVENTS = (
    EventKind(
        "contact.created",
        "A contact was created.",
        {"name": "Ada", "email": "ada@northwind.example"},
    ),
    EventKind("order.paid", "An order was paid.", {"name": "Ada", "email": "ada@northwind.example"}),
)
# Integration, workflow, the event that starts it (or none), its apps in order, number of versions,
# and the version that brought the fields of today.
WORKFLOWS = (
    ("crm sync", "contact to channel", "contact.created", ("hubspot", "slack"), 3, 1),
    ("crm sync", "contact to newsletter", "contact.created", ("hubspot", "klaviyo"), 1, 1),
    ("shop orders", "paid order to channel", "order.paid", ("shopify", "slack"), 2, 2),
    ("shop orders", "stock level webhook", None, ("shopify", "magento"), 1, 1),
)
_FIELDS = {
    "slack": (("channel", "Channel", "string", True), ("mention", "Mention", "string", False)),
    "klaviyo": (("list", "List", "string", True),),
}


def create_account_without_users(
    create_id: Callable[[], str], format_days_ago: Callable[[float], str]
) -> Account:
    """Create an account with apps, events and workflows, and nobody in it yet.

    Args:
        create_id: makes an id.
        format_days_ago: the timestamp of so many days ago.
    """
    apps = {app.name: app for app in APPS}
    integrations: dict[str, Integration] = {}
    workflows: dict[str, Workflow] = {}
    for position, (title, name, event, app_names, versions, fields_since) in enumerate(WORKFLOWS):
        if title not in integrations:
            integrations[title] = Integration(create_id(), title, apps[app_names[0]].icon, [])
        integration = integrations[title]
        blocks = tuple(
            Block(create_id(), apps[app], "action" if step else "trigger", _FIELDS.get(app, ()))
            for step, app in enumerate(app_names)
        )
        workflow = Workflow(
            id=create_id(),
            integration_id=integration.id,
            name=name,
            event=event,
            blocks=blocks,
            versions=tuple(create_id() for _ in range(versions)),
            created_at=format_days_ago(90 - position),
            updated_at=format_days_ago(30 - position),
            fields_since=fields_since,
        )
        integration.workflows.append(workflow)
        workflows[workflow.id] = workflow
    return Account(
        apps=apps,
        events={event.name: event for event in EVENTS},
        integrations={integration.id: integration for integration in integrations.values()},
        workflows=workflows,
    )


def add_history(
    account: Account,
    users: list[User],
    create_id: Callable[[], str],
    format_days_ago: Callable[[float], str],
    rng: random.Random,
) -> None:
    """Give the first users credentials, an installed workflow and a history of executions."""
    workflows = list(account.workflows.values())
    for position, user in enumerate(users[:4]):
        workflow = workflows[position % len(workflows)]
        for block in workflow.blocks:
            credential = Credential(create_id(), user.id, block.app.name, format_days_ago(25 - position))
            account.credentials[credential.id] = credential
        account.installed[user.id, workflow.id] = Installed(1, format_days_ago(20 - position))
        for run in range(6):
            execution = Execution(
                create_id(),
                user.id,
                workflow,
                format_days_ago(10 - run - position / 10),
                {"order": rng.randrange(1000, 9999)},
                failed=workflow.blocks[-1] if run == 2 else None,
            )
            account.executions[execution.id] = execution
