"""The README's picture: CPU time of one call through each client, as bars. `python -m benchmarks.chart FILE.svg`."""

from __future__ import annotations

import contextlib
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from xml.sax.saxutils import escape

from .calls.peers import run
from .measuring.harness import Figure

WIDTH, ROW, LEFT, RIGHT = 760, 30, 220, 70
OURS, OTHERS = "#2a78b8", "#9aa5b1"
PREFIX, SUFFIX = "CPU of a GET through ", ", against alloy_async"
PACKAGES = (
    "aiohttp",
    "uvloop",
    "pyreqwest",
    "wreq",
    "httpx",
    "httpx2",
    "requests",
    "agilicus",
    "alloy-python-sdk-ai",
    "openai",
)


def draw(rows: list[Figure]) -> str:
    """The chart as SVG text; it reads on light and on dark ground."""
    named = {row.name.removeprefix(PREFIX).removesuffix(SUFFIX): row.value for row in rows}
    bars = [("alloy_async", 1.0), *(bar for bar in named.items() if bar[0] != "alloy_async again")]
    bars.sort(key=lambda bar: bar[1])
    scale = (WIDTH - LEFT - RIGHT) / max(value for _, value in bars)
    height = ROW * len(bars) + 82
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="14">',
        "<style>text{fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>",
        '<text x="0" y="20" font-size="16">CPU time of one small GET in the client, alloy_async = 1</text>',
    ]
    for number, (name, value) in enumerate(bars):
        y = 40 + ROW * number
        colour = OURS if name.startswith("alloy_async") else OTHERS
        lines += [
            f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{max(2, value * scale):.0f}" height="20" rx="3" fill="{colour}"/>',
            f'<text x="{LEFT + value * scale + 8:.0f}" y="{y + 15}">{value:.1f}</text>',
        ]
    for number, text in enumerate(_list_versions()):
        lines.append(f'<text x="0" y="{height - 24 + 16 * number}" font-size="11">{escape(text)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _list_versions() -> list[str]:
    """What was measured, on two lines."""
    texts = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            texts.append(f"{package} {version(package)}")
    half = (len(texts) + 1) // 2
    return [", ".join(texts[:half]), ", ".join(texts[half:])]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(run(rounds=60)))
