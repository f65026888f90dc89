from __future__ import annotations

from .differences import DIFFERENCES, UNEXPRESSED
from .page import PAGE, page


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.conformance.page"


def test_every_line_of_the_tables_is_on_the_page() -> None:
    text = page()
    for row in DIFFERENCES:
        assert f"| {row.part} | {row.package} | {row.reason} |" in text
    for line in UNEXPRESSED:
        assert f"`{line.operation}` | {line.reason} |" in text
