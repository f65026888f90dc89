"""What several of Agilicus's operations have in common."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from ...core.operation.paging import ByCursor, Listing
from .. import models

T_co = TypeVar("T_co", covariant=True)
Item_co = TypeVar("Item_co", covariant=True)

NOT_FOUND = {404: models.ErrorMessage}

MAX_LIMIT = 500
"""The most rows of one answer; also what the service takes for its limit when none is given."""

BOOLEANS = ("False", "True")
"""A boolean in a query, as the vendor's own package writes it: no source tells whether `true` is understood."""


class LimitedListing(Listing[T_co, Item_co], Generic[T_co, Item_co]):
    """A listing with the argument `limit`, of 1 to 500 rows."""

    __slots__ = ()

    limit: Any

    def check(self) -> None:
        if self.limit is not None and not 1 <= self.limit <= MAX_LIMIT:
            raise ValueError(f"limit must be 1 to {MAX_LIMIT}, not {self.limit}")


def create_paging_by_email(items: str, cursor: str) -> ByCursor:
    """Pages by email, forwards or backwards; the first page is asked for with an empty email."""
    return ByCursor(
        items=items,
        key="id",
        cursor=cursor,
        next="next_page_email",
        previous="previous_page_email",
        direction="search_direction",
    )
