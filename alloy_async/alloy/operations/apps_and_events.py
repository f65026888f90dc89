"""Apps and their events."""

from __future__ import annotations

from typing import ClassVar

import attrs

from ...core.operation.operation import ErrorModels
from ...core.operation.paging import Listing, Unpaged
from .. import models  # noqa: F401 (the quoted answers name it)
from .common import BAD_REQUEST


@attrs.frozen(eq=False, repr=False)
class ListApps(Listing["models.Apps", "models.App"]):
    """List the third-party apps that Alloy supports.

    GET /metadata/apps

    Returns:
        The apps, in `data`.
    """

    verb = "GET"
    route = "/metadata/apps"
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = BAD_REQUEST


@attrs.frozen(eq=False, repr=False)
class ListEvents(Listing["models.Events", "models.Event"]):
    """List the custom events of the account.

    GET /events

    Returns:
        The events, in `data`.
    """

    verb = "GET"
    route = "/events"
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = BAD_REQUEST
