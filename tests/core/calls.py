"""One operation of Alloy for each verb, and one of a service that has PATCH."""

from __future__ import annotations

from typing import Annotated, Any

import attrs

from alloy_async import Operation, Service
from alloy_async.alloy import models, operations
from alloy_async.core.operation.markers import Json, Path

ADA = "ada.0@northwind.example"
"""The first user of the seeded sandbox."""

LOCAL = Service("local", None)
"""A service without methods of its own."""


@attrs.frozen(eq=False, repr=False)
class RenameAUser(Operation[models.User]):
    """Change the full name of a user."""

    verb = "PATCH"
    route = "/users/{userId}"
    user_id: Annotated[str, Path("userId")]
    full_name: Annotated[str | None, Json("fullName")] = None


GET = operations.GetAUser(ADA)
PUT = operations.UpdateAUser(ADA, full_name="Ada L.")
DELETE = operations.DeleteAUser(ADA)
POST = operations.CreateAUser("new")
PATCH = RenameAUser("ada", "Ada L.")

CALLS: dict[str, Operation[Any]] = {"GET": GET, "PUT": PUT, "DELETE": DELETE, "POST": POST}
