"""Headers about rate limits: what they say, and what nonsense is passed over."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from alloy_async.core.ratelimit.headers import (
    Quota,
    QuotaWindow,
    parse_quota,
    parse_retry_after,
    tells_quota,
)

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 3 ", 3.0),
        ("-5", 0.0),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("Sun, 06 Nov 1994 09:49:47 +0100", 10.0),
        ("Sun, 06 Nov 1994 08:49:47 -0000", 10.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("12 seconds", None),
        ("Sun, 99 Nov 1994 08:49:47 GMT", None),
        ("Sun, 06 Nov 99999999 08:49:47 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(), st.floats(0, 4e9))
def test_retry_after_takes_any_text(value: str, now: float) -> None:
    seconds = parse_retry_after(value, now)
    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        (
            {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "30"},
            Quota(60, 7, 30),
        ),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1784111807"}, Quota(None, 7, 1784111807 - NOW)),
        (
            {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1784111807000"},
            Quota(None, 7, 1784111807 - NOW),
        ),
        (
            {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "0", "ratelimit-reset": "1"},
            Quota(100, 0, 1),
        ),
        ({"x-rate-limit-remaining": "7", "x-rate-limit-reset": "30"}, Quota(None, 7, 30)),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, Quota(100, 50, 5)),
        ({"ratelimit": "limit=100,remaining=50,reset=5"}, Quota(100, 50, 5)),
        ({"ratelimit": '"default";r=50;t=30'}, Quota(None, 50, 30)),
        ({"x-ratelimit-remaining": "7"}, None),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "30"}, None),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "30"}, None),
        ({"ratelimit": "remaining=, reset=5"}, None),
        ({"content-type": "application/json"}, None),
    ],
)
def test_quota(headers: dict[str, str], quota: Quota | None) -> None:
    assert parse_quota(headers, NOW) == quota
    assert quota is None or tells_quota(headers)


def test_a_reset_in_the_past_is_now() -> None:
    headers = {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1000000000"}
    assert parse_quota(headers, 1_000_000_060.0) == Quota(None, 7, 0)


def test_window_counts_down_and_is_full_after_the_reset() -> None:
    window = QuotaWindow()
    window.update(Quota(10, 4, 2), now=100.0, sent=99.9, under_way=0)
    assert window.left(101.0) == 4
    window.update(Quota(10, 6, 2), now=100.1, sent=99.8, under_way=3)  # overtaken: older than the other
    assert window.left(101.0) == 4
    assert window.left(102.0) == 10


def test_window_takes_the_earliest_end_for_a_reset_in_whole_seconds() -> None:
    window = QuotaWindow()
    window.update(Quota(10, 9, 1), now=100.0, sent=99.9, under_way=0)
    window.update(Quota(10, 8, 1), now=100.7, sent=100.6, under_way=0)
    assert window.reset_at == 101.0


def test_an_answer_from_the_window_before_does_not_start_the_new_one() -> None:
    window = QuotaWindow()
    window.update(Quota(10, 0, 1), now=100.0, sent=99.9, under_way=2)
    window.update(Quota(10, 0, 1), now=101.1, sent=100.9, under_way=1)
    assert window.left(101.2) == 10


def test_more_answers_than_the_limit_before_the_reset_show_a_bucket() -> None:
    window = QuotaWindow()
    for step in range(12):
        window.update(Quota(10, 5, 1), now=100 + step / 100, sent=100.0, under_way=0)
    assert window.refills
