"""Format counts and durations for people."""

from __future__ import annotations


def format_count_with_noun(number: int, one: str, many: str) -> str:
    """Write a count with its noun: `1 row`, `1,200 rows`."""
    return f"{number:,} {one if number == 1 else many}"


def format_duration(seconds: float) -> str:
    """Write seconds in words: `0.3 s`, `45 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600:,} h" + (f" {whole % 3600 // 60:02} min" if whole % 3600 >= 60 else "")


def format_latency(seconds: float) -> str:
    """Write a latency in words: `85 ms`, `1.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
