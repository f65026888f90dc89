"""What all pages share: the frame with its style and script, and the parts that they are put together from."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from ....version import __version__

_HEAD_SIZE = 256
"""Bytes at the beginning of a page that tell who made it."""


def render_page(title: str, content: str, made: float) -> str:
    """Render a whole page: one file, without network.

    Args:
        title: for the browser, as text.
        content: as markup.
        made: when, in seconds since 1970.
    """
    files = resources.files("alloy_async.provisioning.reports.pages")
    frame = Template(files.joinpath("page.html").read_text(encoding="utf-8"))
    return frame.substitute(title=escape(title), content=content, version=__version__, made=format_time(made))


def is_page_of_ours(path: Path) -> bool:
    """Tell whether a file is a page that `render_page` made, whoever wrote it there."""
    with path.open("rb") as file:
        return b'<meta name="generator" content="alloy-async">' in file.read(_HEAD_SIZE)


def render_header(
    title: str, badge: str, verdict: str, *, good: bool, facts: Iterable[tuple[str, str]]
) -> str:
    """Render the head of a page.

    Args:
        title: as markup.
        badge: a word on the state.
        verdict: one sentence.
        good: whether all is well.
        facts: name and value of each.
    """
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return (
        f'<header><h1>{title}<span class="badge">{escape(badge)}</span></h1>'
        f'<p class="verdict {"good" if good else "bad"}">{escape(verdict)}</p><dl>{listed}</dl></header>'
    )


def render_section(content: str, style: str = "") -> str:
    """Render a card; nothing where there is no content."""
    return f'<section class="{style}">{content}</section>' if content else ""


def render_legend(parts: Sequence[tuple[str, str, int]]) -> str:
    """Render what the parts of a bar are: (style, label, number)."""
    total = sum(number for *_, number in parts) or 1
    items = (
        f'<li><span class="key {style}"></span><b>{number:,}</b> {escape(label)}'
        f" <small>{format_share(number / total)}</small></li>"
        for style, label, number in parts
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def render_searchable_table(
    name: str, columns: Sequence[str], rows: str, *, kinds: Iterable[tuple[str, str]], hint: str, every: str
) -> str:
    """Render a table with a field to search it and a choice to filter it.

    Args:
        name: an id of the table, unique in the page.
        columns: their names.
        rows: as markup, each `<tr data-kind=...>`.
        kinds: value and label of each choice.
        hint: what may be searched for.
        every: the label of no choice.
    """
    choices = "".join(f'<option value="{escape(kind)}">{escape(label)}</option>' for kind, label in kinds)
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    return (
        f'<p class="filter" data-rows="{name}"><input type="search" placeholder="{escape(hint)}" aria-label="Search">'
        f'<select aria-label="Filter"><option value="">{escape(every)}</option>{choices}</select><output></output></p>'
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody id="{name}">{rows}</tbody></table></div>'
    )


def format_share(share: float) -> str:
    """Format a share in percent; rounded, but never to all or nothing."""
    if 0.1 <= share <= 0.995 or share == 1:
        return f"{share:.0%}"
    return f"{min(share, 0.999):.1%}" if share >= 0.01 else f"{max(share, 0.0001):.2%}"


def format_time(seconds: float) -> str:
    """Format a moment, in seconds since 1970."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def get_last_part_of_source_name(source: str) -> str:
    """Get the last part of a source's name."""
    return source.replace("\\", "/").rsplit("/", 1)[-1]
