"""The tables of states: all of them walked, forbidden ways included."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, get_args

import pytest

from alloy_async.provisioning.store import states
from alloy_async.provisioning.store.states import (
    JOB_TRANSITIONS,
    ROW_TRANSITIONS,
    ForbiddenTransition,
    JobEvent,
    JobState,
    RowEvent,
    RowState,
    get_next_state,
)

TABLES: list[tuple[Mapping[tuple[Any, Any], Any], Any, Any, str]] = [
    (ROW_TRANSITIONS, RowState, RowEvent, "planned"),
    (JOB_TRANSITIONS, JobState, JobEvent, "planning"),
]


@pytest.mark.parametrize(("table", "state_names", "event_names", "first"), TABLES)
def test_every_pair_leads_where_the_table_says_or_is_forbidden(
    table: Mapping[tuple[Any, Any], Any], state_names: Any, event_names: Any, first: str
) -> None:
    for state, event in product(get_args(state_names), get_args(event_names)):
        if (state, event) in table:
            assert get_next_state(table, state, event) == table[state, event]
        else:
            with pytest.raises(ForbiddenTransition, match=f"'{event}' must not happen in state '{state}'"):
                get_next_state(table, state, event)


@pytest.mark.parametrize(("table", "state_names", "event_names", "first"), TABLES)
def test_every_state_is_reached_and_every_event_used_and_told_of(
    table: Mapping[tuple[Any, Any], Any], state_names: Any, event_names: Any, first: str
) -> None:
    reached = {first}
    while new := {after for (state, _), after in table.items() if state in reached} - reached:
        reached |= new
    assert reached == set(get_args(state_names))
    assert {event for _, event in table} == set(get_args(event_names))
    assert states.__doc__ is not None
    for word in (*get_args(state_names), *get_args(event_names)):
        assert f"`{word}`" in states.__doc__, f"the essay does not tell of {word}"


def test_nothing_is_sent_of_a_row_that_has_to_be_asked_about_first() -> None:
    can_be_sent = {state for state, event in ROW_TRANSITIONS if event == "intend"}
    assert can_be_sent == {"planned"}
    ways_back = {state for (state, _), after in ROW_TRANSITIONS.items() if after == "planned"}
    assert ways_back == {"intended", "doubt", "failed"}
    assert {after for (state, _), after in ROW_TRANSITIONS.items() if state == "done"} == {"done"}
    assert not [event for state, event in JOB_TRANSITIONS if state == "undone"]
