"""All text that may reach a terminal: without what could steer it, and in an encoding that the output has."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_HARMLESS = frozenset("\n\t\u00a0\u200c\u200d")
"""Not printable to Python, yet part of ordinary text: line ends, blanks, and the joiners of Persian and Indic scripts."""


def clean_text(text: str) -> str:
    """Replace each character that could steer a terminal: escape and control codes, and marks of writing direction."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _HARMLESS else REPLACEMENT for char in text)


def clean_line(text: str) -> str:
    """Clean text that must stay on one line, as a cell or a key: line ends and tabs are replaced too."""
    return clean_text(text).replace("\n", REPLACEMENT).replace("\t", REPLACEMENT)


def print_line(text: str, *, err: bool = False) -> None:
    """Print one line of text, cleaned."""
    click.echo(clean_text(text), err=err)


def format_json(data: Any, *, indent: int | None = None) -> str:
    """Format data as JSON that is safe on a terminal and fits the encoding of standard output."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    text = json.dumps(data, indent=indent, ensure_ascii=encoding != "utf8")
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char, ensure_ascii=True)[1:-1]
        for char in text
    )
