"""The page of a plan: who would be created, changed field by field, removed, and refused; to be searched."""

from __future__ import annotations

import re
from ast import literal_eval
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from ....directory.user_differences import ATTRIBUTE
from ...results import Plan
from ...store.header import Action, JobHeader
from ...store.rows import JobRow
from .charts import draw_shares
from .skeleton import (
    format_time,
    get_last_part_of_source_name,
    render_header,
    render_legend,
    render_page,
    render_searchable_table,
    render_section,
)

ACTIONS: Mapping[Action, str] = {
    "delete": "to remove",
    "offboard": "steps of leaving",
    "update": "to change",
    "create": "to create",
    "refuse": "refused",
    "none": "to leave as they are",
}
"""What people read for each action, in the order of what they want to see first."""
_SHOWN_ROWS = 2000
_VALUE = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^'",;\s][^,;]*)"""
_CHANGE = re.compile(rf"([\w. -]+?): ({_VALUE}) -> ({_VALUE})(?:, |; |$)")


def render_plan(plan: Plan, header: JobHeader, rows: Iterable[JobRow]) -> str:
    """Render the page of a plan.

    Args:
        plan: its summary.
        header: of the job.
        rows: all of the plan; of each action the first 2,000 are shown.
    """
    source = get_last_part_of_source_name(plan.source)
    parts = [
        (action, label, plan.actions[action]) for action, label in ACTIONS.items() if action in plan.actions
    ]
    content = [
        render_header(
            f"{escape(source)} <i>to</i> {escape(plan.target)}",
            "plan" if header.state == "planned" else header.state,
            describe_plan(plan),
            good=not plan.actions.get("refuse"),
            facts=(
                ("Source", plan.source),
                ("System", f"{header.system}, {header.base_url}"),
                ("Mode", plan.mode),
                ("Planned", format_time(header.created)),
                ("Job file", str(plan.job)),
                ("To carry it out", f"alloy-async apply {plan.job}"),
            ),
        ),
        render_section(draw_shares(parts) + render_legend(parts)),
        render_section("".join(f"<p>{escape(sentence)}</p>" for sentence in plan.finality), "warning"),
        _render_rows(plan, rows),
    ]
    return render_page(f"Plan: {source} to {plan.target}", "".join(content), header.created)


def describe_plan(plan: Plan) -> str:
    """Describe what a plan comes to, in one sentence."""
    parts = [
        f"{plan.actions[action]:,} {label}" for action, label in ACTIONS.items() if plan.actions.get(action)
    ]
    return f"{', '.join(parts)}." if parts else "There is nothing to do."


def _render_rows(plan: Plan, rows: Iterable[JobRow]) -> str:
    shown: dict[Action, list[str]] = {action: [] for action in ACTIONS}
    seen: Counter[Action] = Counter()
    for row in rows:
        seen[row.action] += 1
        if seen[row.action] <= _SHOWN_ROWS:
            shown[row.action].append(_render_row(row))
    more = [
        f"{number - _SHOWN_ROWS:,} {ACTIONS[action]}"
        for action, number in _iterate_actions_not_fully_shown(seen)
    ]
    note = (
        f'<p class="note">Of each kind the first {_SHOWN_ROWS:,} are shown; not shown: {", ".join(more)}.</p>'
    )
    table = render_searchable_table(
        "rows",
        ("Line", "User", "What", "Why"),
        "".join(row for action in ACTIONS for row in shown[action]),
        kinds=((action, label) for action, label in ACTIONS.items() if plan.actions.get(action)),
        hint="Line, name, field or value",
        every="everything",
    )
    return render_section(f"<h2>Row by row</h2>{note if more else ''}{table}") if seen else ""


def _iterate_actions_not_fully_shown(seen: Counter[Action]) -> Iterator[tuple[Action, int]]:
    for action in ACTIONS:
        if seen[action] > _SHOWN_ROWS:
            yield action, seen[action]


_WHAT: Mapping[Action, str] = {
    "create": "create",
    "update": "change",
    "delete": "remove",
    "offboard": "leaves",
    "refuse": "refused",
    "none": "stays",
}


def _render_row(row: JobRow) -> str:
    return (
        f'<tr data-kind="{row.action}"><td class="number">{row.line or ""}</td><td>{escape(row.key)}</td>'
        f'<td><span class="key {row.action}"></span>{_WHAT[row.action]}</td><td>{_render_why(row)}</td></tr>'
    )


def _format_value_as_text(text: str) -> str:
    """Format a value of a change as people read it: without quotes, nothing as nothing."""
    try:
        value = literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # it was cut short
    if value is None:
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else text


def _render_why(row: JobRow) -> str:
    """Render why, and of a change each field with its old and its new value."""
    why = row.why or row.reason or ""
    if row.action != "update":
        return escape(f"{row.step}: {why}" if row.step and why else row.step or why)
    changes, end = [], 0
    for found in _CHANGE.finditer(why):
        if found.start() != end:
            break
        end = found.end()
        field, old, new = found.groups()
        cells = (
            escape(field.removeprefix(ATTRIBUTE)),
            escape(_format_value_as_text(old)),
            escape(_format_value_as_text(new)),
        )
        changes.append("<span>{}</span><del>{}</del><ins>{}</ins>".format(*cells))
    rest = escape(why[end:])
    return f'<div class="changes">{"".join(changes)}</div>{rest}' if changes else rest
