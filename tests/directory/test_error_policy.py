"""Which errors end what, as a table; and halving until the ones at fault stand alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from alloy_async.core import errors
from alloy_async.core.errors import error_from_status
from alloy_async.directory.error_policy import ends_work, refuses_batch, refuses_record, send_in_halves

TABLE = [
    (errors.Unauthorized(), "batch copy run"),
    (errors.Redirected(), "batch copy run"),
    (errors.CredentialError(), "batch copy run"),
    (errors.ConfigurationError(), "batch copy run"),
    (errors.ConnectError(), "batch copy"),
    (errors.Forbidden(), "copy run"),
    (errors.BadRequest(), "refuses-record refuses-batch"),
    (errors.ContentTooLarge(), "refuses-record refuses-batch"),
    (errors.UnprocessableContent(), "refuses-record refuses-batch"),
    (errors.InvalidRequest(), "refuses-record refuses-batch"),
    (errors.NotFound(), "refuses-record"),
    (errors.Conflict(), "refuses-record"),
    (errors.RateLimited(), ""),
    (errors.ServerError(), ""),
    (errors.ConnectionLost(), ""),
    (errors.RequestTimeout(), ""),
    (errors.DeadlineExceeded(), ""),
    (errors.DecodeError(), ""),
    (error_from_status(418, None, None), ""),
]


@pytest.mark.parametrize(("error", "meaning"), TABLE, ids=lambda one: type(one).__name__)
def test_what_an_error_means(error: errors.AlloyAsyncError, meaning: str) -> None:
    found = [work for work in ("batch", "copy", "run") if ends_work(work, error)]  # type: ignore[arg-type]
    found += ["refuses-record"] * refuses_record(error) + ["refuses-batch"] * refuses_batch(error)
    assert found == meaning.split()


@given(st.lists(st.booleans(), min_size=1, max_size=40))
async def test_halving_isolates_each_bad_item(good: list[bool]) -> None:
    items = list(enumerate(good))
    calls = 0

    async def send(part: Sequence[tuple[int, bool]]) -> str | None:
        nonlocal calls
        calls += 1
        if all(fine for _, fine in part):
            return "in"
        return "refused" if len(part) == 1 else None

    verdicts = [(item, said) async for part, said in send_in_halves(items, send) for item in part]
    assert verdicts == [(item, "in" if item[1] else "refused") for item in items]
    bad = good.count(False)
    assert calls <= 1 + 2 * bad * len(items).bit_length()
