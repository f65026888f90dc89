"""Rows of JSON data as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from .safe_text import clean_line


def create_table_of_rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Create a table with a column for each member that a row has, in the order in which they first come."""
    columns = dict.fromkeys(name for row in rows for name in row)
    table = Table(box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(clean_line(name.replace("_", " ")), overflow="fold")
    for row in rows:
        table.add_row(*(Text(format_value(row.get(name))) for name in columns))
    return table


def format_value(value: object) -> str:
    """Format a value for people, on one line and without what could steer their terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return clean_line(", ".join(map(str, value)))
    if isinstance(value, list | dict):
        return clean_line(json.dumps(value, ensure_ascii=False))
    return clean_line(str(value))
