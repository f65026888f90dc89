"""What answers say about limits: every form that servers write, and what nonsense is passed over."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import pytest
from hypothesis import given, strategies as st
from multidict import CIMultiDict

from alloy_async.core.ratelimit.signals.quota_headers import Quota, may_tell_quota, parse_quotas
from alloy_async.core.ratelimit.signals.quota_window import QuotaWindow
from alloy_async.core.ratelimit.signals.refusals import Refusal, parse_refusal, parse_retry_after
from alloy_async.core.ratelimit.signals.wait_formats import parse_wait

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110
LATER = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


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
        ("1994-11-06T08:49:47Z", 10.0),
        ("1994-11-06T09:49:47.5+01:00", 10.5),
        ("30s", 30.0),
        ("6m0s", 360.0),
        ("1h2m3.5s", 3723.5),
        ("30000ms", 30.0),
        ("17ms", 0.017),
        ("2d", 172_800.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("12 seconds", 12.0),
        ("1 minute, 30 secs", 90.0),
        ("1.5 Hours", 5400.0),
        ("30S", 30.0),
        ("1w", 604_800.0),
        ("250 millis", 0.25),
        ("5μs", 5e-6),
        ("PT1M30S", 90.0),
        ("P1DT2H", 93_600.0),
        ("pt5s", 5.0),
        ("1e3", 1000.0),
        ("2.5E-1", 0.25),
        (".5", 0.5),
        ("5.", 5.0),
        ('"5"', 5.0),
        ("'5'", 5.0),
        ("5;w=60", 5.0),
        ("5, 10", 10.0),
        ("10,5", 10.0),
        ("30, soon", None),
        ("P", None),
        ("P1M", None),
        ("5 apples", None),
        ("5ss", None),
        ("0x10", None),
        ("1_000", None),
        ("null", None),
        ("[5]", None),
        ("5\r\n6", None),
        ("170000003", None),  # five years: a mistake
        ("9999-12-31T23:59:59Z", None),
        ("99999999999999999999", None),
        ("6m0", None),
        ("Sun, 99 Nov 1994 08:49:47 GMT", None),
        ("Sun, 06 Nov 99999999 08:49:47 GMT", None),
        ("9" * 400, None),
    ],
)
def test_a_wait(value: str | None, seconds: float | None) -> None:
    found = parse_wait(value, NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))


@given(st.text(max_size=80), st.floats(0, 4e9))
def test_any_text_is_a_wait_or_none(value: str, now: float) -> None:
    seconds = parse_wait(value, now)
    assert seconds is None or 0 <= seconds < float("inf")


FORMS: list[tuple[str, dict[str, str], list[tuple[float | None, float, float]]]] = [
    (
        "GitHub: moment in seconds",
        {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "1700000030"},
        [(60, 7, 30)],
    ),
    ("delay in seconds", {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "30"}, [(None, 7, 30)]),
    ("milliseconds", {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1700000030000"}, [(None, 7, 30)]),
    (
        "Atlassian: RFC 3339",
        {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "2023-11-14T22:13:50Z"},
        [(None, 7, 30)],
    ),
    (
        "an HTTP date",
        {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "Tue, 14 Nov 2023 22:13:50 GMT"},
        [(None, 7, 30)],
    ),
    (
        "Discord: reset-after before reset",
        {
            "x-ratelimit-limit": "5",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": "1700000030.2",
            "x-ratelimit-reset-after": "1.25",
        },
        [(5, 0, 1.25)],
    ),
    (
        "IETF, early: three headers, with a policy",
        {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "0", "ratelimit-reset": "1"},
        [(100, 0, 1)],
    ),
    ("Okta, X", {"x-rate-limit-remaining": "7", "x-rate-limit-reset": "30"}, [(None, 7, 30)]),
    ("IETF, middle", {"ratelimit": "limit=100, remaining=50, reset=5"}, [(100, 50, 5)]),
    ("the same without blanks", {"ratelimit": "limit=100,remaining=50,reset=5"}, [(100, 50, 5)]),
    ("IETF, late", {"ratelimit": '"default";r=50;t=30'}, [(None, 50, 30)]),
    (
        "IETF, late: two policies",
        {
            "ratelimit": '"burst";r=0;t=3, "daily";r=900;t=3600',
            "ratelimit-policy": '"burst";q=10;w=10, "daily";q=1000;w=86400',
        },
        [(10, 0, 3), (1000, 900, 3600)],
    ),
    (
        "OpenAI",
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-reset-requests": "6m0s",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-tokens": "1h",
        },
        [(60, 59, 360)],
    ),
    (
        "Anthropic",
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2023-11-14T22:13:50Z",
        },
        [(50, 49, 30)],
    ),
    (
        "Linear",
        {
            "x-ratelimit-requests-limit": "1500",
            "x-ratelimit-requests-remaining": "1499",
            "x-ratelimit-requests-reset": "1700000030000",
        },
        [(1500, 1499, 30)],
    ),
    (
        "Sentry",
        {
            "x-sentry-rate-limit-limit": "40",
            "x-sentry-rate-limit-remaining": "39",
            "x-sentry-rate-limit-reset": "1700000030",
        },
        [(40, 39, 30)],
    ),
    (
        "HubSpot",
        {
            "x-hubspot-ratelimit-max": "100",
            "x-hubspot-ratelimit-remaining": "99",
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
        },
        [(100, 99, 10)],
    ),
    (
        "Kong",
        {
            "x-ratelimit-limit-minute": "5",
            "x-ratelimit-remaining-minute": "4",
            "x-ratelimit-remaining-hour": "99",
        },
        [(5, 4, 60), (None, 99, 3600)],
    ),
    ("Shopify", {"x-shopify-shop-api-call-limit": "32/40"}, [(40, 8, 16)]),
    (
        "Zendesk",
        {
            "x-rate-limit": "700",
            "x-rate-limit-remaining": "699",
            "ratelimit-remaining": "699",
            "ratelimit-reset": "41",
        },
        [(None, 699, 41)],
    ),
    ("Azure: no reset", {"x-ms-ratelimit-remaining-subscription-reads": "11999"}, []),
    ("no reset", {"x-ratelimit-remaining": "7"}, []),
    ("no number", {"x-ratelimit-remaining": "many", "x-ratelimit-reset": "30"}, []),
    ("less than nothing", {"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "30"}, []),
    ("nothing", {"ratelimit": "remaining=, reset=5"}, []),
    ("a reset in 2099", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4070908800"}, []),
    ("years", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "450000000"}, []),
    (
        "a reset in the past",
        {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1000000000"},
        [(None, 7, 0)],
    ),
    (
        "two policies as lists",
        {
            "x-ratelimit-limit": "20, 1000",
            "x-ratelimit-remaining": "7, 12",
            "x-ratelimit-reset": "1, 3600",
        },
        [(20, 7, 1), (1000, 12, 3600)],
    ),
    (
        "two of what is left, one reset",
        {"x-ratelimit-remaining": "0, 12", "x-ratelimit-reset": "30"},
        [(None, 0, 30), (None, 12, 30)],
    ),
    (
        "a list with nonsense in it",
        {"x-ratelimit-remaining": "12, many, -1", "x-ratelimit-reset": "1, 2, 3"},
        [(None, 12, 1)],
    ),
    (
        "a header that comes twice",
        CIMultiDict([("RateLimit", '"burst";r=7;t=3'), ("RateLimit", '"daily";r=0;t=3600')]),
        [(None, 7, 3), (None, 0, 3600)],
    ),
    (
        "a moment by a server whose clock is ahead",
        {
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": "1700003630",
            "date": "Tue, 14 Nov 2023 23:13:20 GMT",
        },
        [(None, 0, 30)],
    ),
    ("an exponent", {"x-ratelimit-remaining": "1e3", "x-ratelimit-reset": "3e1"}, [(None, 1000, 30)]),
    ("infinitely many", {"x-ratelimit-remaining": "1e400", "x-ratelimit-reset": "30"}, []),
    ("none", {"content-type": "application/json"}, []),
]


@pytest.mark.parametrize(
    ("headers", "expected"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS]
)
def test_quotas(headers: Mapping[str, str], expected: list[tuple[float | None, float, float]]) -> None:
    found = parse_quotas(headers, LATER)
    assert [(quota.limit, quota.remaining, pytest.approx(quota.reset)) for quota in found] == expected
    assert not expected or may_tell_quota(headers)


@given(
    st.dictionaries(
        st.sampled_from(sorted({name for _, headers, _ in FORMS for name in headers})), st.text(max_size=60)
    )
)
def test_any_text_in_these_headers_is_a_quota_or_none(headers: dict[str, str]) -> None:
    for quota in parse_quotas(headers, LATER):
        assert quota.remaining >= 0
        assert 0 <= quota.reset < 1e6
    parse_refusal(429, headers, b"", LATER)


def test_quotas_of_several_resources_of_one_server_are_told_apart() -> None:
    core = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30", "x-ratelimit-resource": "core"}
    search = {**core, "x-ratelimit-resource": "search"}
    assert parse_quotas(core, NOW)[0].name != parse_quotas(search, NOW)[0].name


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "30s"}, 30.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"retry-after": "1700000030"}, 30.0),
        ({"retry-after": "1700000030000"}, 30.0),
        ({"retry-after": "1700000030000000"}, 30.0),
        ({"retry-after": "1700000030000000000"}, 30.0),
        ({"retry-after": "1700000030", "date": "Tue, 14 Nov 2023 22:13:40 GMT"}, 10.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT", "date": "Tue, 14 Nov 2023 22:13:40 GMT"}, 10.0),
        ({"retry-after": "1700000030", "date": "yesterday"}, 30.0),
        ({"retry-after": "40000000"}, None),
        (CIMultiDict([("Retry-After", "1"), ("Retry-After", "30")]), 30.0),
        (CIMultiDict([("RETRY-AFTER", "1m")]), 60.0),
        ({"x-sentry-rate-limits": "60:transaction:organization, 2700:error"}, 2700.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: Mapping[str, str], seconds: float | None) -> None:
    assert parse_retry_after(headers, LATER) == seconds


GITHUB = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'
GOOGLE = b'{"error": {"code": 403, "errors": [{"domain": "usageLimits", "reason": "rateLimitExceeded"}]}}'
DELAY = b'{"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "30s"}]}}'
AMAZON = b'{"__type": "com.amazon.coral.availability#ThrottlingException", "message": "Rate exceeded"}'
S3 = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
NONE_LEFT = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "limit", "wait"),
    [
        (429, {}, b"", True, None),
        (429, {"retry-after": "3"}, b"", True, 3.0),
        (429, {"x-ratelimit-reset-after": "1.25"}, b"", True, 1.25),
        (429, NONE_LEFT, b"", True, None),
        (429, {}, DELAY, True, 30.0),
        (429, {}, b'{"message": "slow down", "retry_after": 64.5, "global": false}', True, 64.5),
        (429, {}, b'{"error": {"retryAfter": "2s"}}', True, 2.0),
        (429, {}, b'{"retry_after_ms": 1500}', True, 1.5),
        (429, {}, b'{"retry_after": null}', True, None),
        (429, {}, b'{"retry_after": [1, 2]}', True, None),
        (403, {}, b'{"retry_after": 64.5}', True, 64.5),
        (503, {"retry-after": "3"}, b"", True, 3.0),
        (503, {}, S3, True, None),
        (503, {}, b"", False, None),
        (403, {"retry-after": "60"}, GITHUB, True, 60.0),
        (403, {}, GITHUB, True, None),
        (403, NONE_LEFT, b"", True, 30.0),
        (403, {}, GOOGLE, True, None),
        (403, {"x-ratelimit-reset-after": "1", "x-ratelimit-remaining": "4"}, b"", False, None),
        (403, {}, b'{"message": "forbidden"}', False, None),
        (400, {}, AMAZON, True, None),
        (400, {"x-amzn-errortype": "ThrottlingException:http://x"}, b"", True, None),
        (400, {"retry-after": "3"}, b"", False, None),
        (400, {}, b'{"name": "SlowDown", "message": "ThrottlingException"}', False, None),
        (400, {}, b"\xff\xfe" * 10_000, False, None),
        (500, {"retry-after": "3"}, AMAZON, False, None),
        (200, {"retry-after": "3"}, b"", False, None),
    ],
)
def test_refusals(status: int, headers: dict[str, str], body: bytes, limit: bool, wait: float | None) -> None:
    refusal = parse_refusal(status, headers, body, LATER)
    assert (refusal is not None) == limit
    assert refusal is None or refusal.retry_after == wait


# Following a quota


def told(limit: float, remaining: float, reset: float) -> Quota:
    return Quota("x", limit, remaining, reset)


def create_message(text: str) -> bytes:
    return json.dumps({"message": text}).encode()


@pytest.mark.parametrize(
    "body",
    [
        create_message("rate limit exceeded"),
        create_message("API rate limit exceeded for 203.0.113.7. (But here's the good news: ...)"),
        create_message(
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        ),
        create_message(
            "You have triggered an abuse detection mechanism. Please retry your request again later."
        ),
        create_message("Rate limit for this resource has been exceeded"),
        create_message("You've hit the rate limit of your plan"),
        create_message("Request was throttled. Expected available in 5 seconds."),
        create_message("(#4) Application request limit reached"),
        create_message("Out of call volume quota. Quota will be replenished in 00:12:30."),
        create_message("Message throttled out"),
        b'{"error": {"code": 403, "message": "Too many requests, slow down"}}',
        b'{"errors": ["Rate limit exceeded"]}',
        b'{"error": "rate_limit", "error_description": "You are being rate limited."}',
        b'{"fault": {"faultstring": "x", "detail": {"errorcode": "policies.ratelimit.SpikeArrestViolation"}}}',
        b'[{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]',
        b"<h1>403 Developer Over Rate</h1>",
        b"<html><body><h1>Too many requests</h1></body></html>",
        b"Rate limit exceeded\n",
        b"\xef\xbb\xbfrate limit exceeded",
    ],
)
def test_403_that_says_that_a_rate_limit_was_met_is_a_refusal(body: bytes) -> None:
    assert parse_refusal(403, {}, body, NOW) == Refusal(None)
    assert parse_refusal(503, {}, body, NOW) is not None
    assert parse_refusal(404, {}, body, NOW) is None


@pytest.mark.parametrize(
    "body",
    [
        create_message("Forbidden"),
        create_message("You are not allowed to change the rate limit"),
        create_message("Only administrators may exceed the rate limit"),
        create_message("The rate limit must not be exceeded by this setting"),
        create_message("A rate limit that is higher requires another plan"),
        create_message("The scope rate_limits:write is missing"),
        create_message("The number of users of your license is exceeded"),
        create_message("User quota exceeded: 50 users"),
        create_message("The limit is reached: 3 administrators"),
        create_message("No group is called 'rate limit exceeded'"),
        create_message('No group is called "too many requests"'),
        create_message("Your account is suspended, since the rate limit was exceeded again and again"),
        b'{"message": "forbidden", "name": "rate limit exceeded"}',
        b'{"message": "forbidden", "user": {"title2": "too many requests"}}',
        b'{"error": "insufficient_scope"}',
        b"<html><head><title>Access denied</title></head><body>Your IP is blocked.</body></html>",
        b"",
    ],
)
def test_403_that_forbids_is_not_a_refusal(body: bytes) -> None:
    assert parse_refusal(403, {}, body, NOW) is None


@given(
    st.sampled_from([403, 503, 400, 429]),
    st.text(max_size=400) | st.text("rate limit exceeded'\"\\{[", max_size=4000),
)
def test_any_body_is_a_refusal_or_none(status: int, text: str) -> None:
    began = time.process_time()
    parse_refusal(status, {}, text.encode("utf-8", "replace"), NOW)
    assert time.process_time() - began < 2.0  # no pattern that backtracks without end


def test_the_reason_of_a_gateway_may_stand_in_a_header() -> None:
    headers = {"x-mashery-error-code": "ERR_403_DEVELOPER_OVER_QPS"}
    assert parse_refusal(403, headers, b"<h1>Developer</h1>", NOW) == Refusal(None)
    assert parse_refusal(403, {"x-mashery-error-code": "ERR_403_DEVELOPER_INACTIVE"}, b"", NOW) is None


def test_a_window_counts_down_and_is_full_after_the_reset() -> None:
    window = QuotaWindow()
    window.update(told(10, 4, 2), now=100.0, sent=99.9)
    assert window.count_left(101.0) == 4
    window.update(told(10, 6, 2), now=100.1, sent=99.8)  # overtaken: older than the other
    assert window.count_left(101.0) == 4
    assert window.count_left(102.0) == 10


def test_a_window_takes_the_earliest_end_for_a_reset_in_whole_seconds() -> None:
    window = QuotaWindow()
    window.update(told(10, 9, 1), now=100.0, sent=99.9)
    window.update(told(10, 8, 1), now=100.7, sent=100.6)
    assert window.reset_at == 101.0


def test_an_answer_from_the_window_before_does_not_start_the_new_one() -> None:
    window = QuotaWindow()
    window.update(told(10, 0, 1), now=100.0, sent=99.9)
    window.update(told(10, 0, 1), now=101.1, sent=100.9)
    assert window.count_left(101.2) == 10


def test_more_than_was_left_shows_a_bucket_that_refills() -> None:
    window = QuotaWindow()
    window.update(told(50, 2, 9), now=100.0, sent=99.9)
    # Sent before the other's answer was there: tells nothing.
    window.update(told(50, 2, 9), now=100.05, sent=99.95)
    for step in (1.0, 2.0, 3.0):
        assert not window.refills
        window.update(told(50, 2 + step, 8), now=100.0 + step, sent=99.9 + step)
    assert window.refills


def test_as_much_as_the_limit_shows_a_window_that_was_reset_early() -> None:
    window = QuotaWindow()
    window.update(told(10, 0, 9), now=100.0, sent=99.9)
    window.update(told(10, 9, 60), now=108.0, sent=107.9)
    assert (window.refills, window.count_left(108.1), window.reset_at) == (False, 9, 168.0)


def test_one_request_a_minute_asks_whether_nothing_is_left_indeed() -> None:
    window = QuotaWindow()
    window.note_sent(99.0)
    window.under_way -= 1
    window.update(told(10, 0, 20_000), now=100.0, sent=99.0)
    assert window.get_hold(100.0) == 20_000
    assert 0 < window.get_delay(100.0) <= 60
    assert window.get_delay(160.0) == 0
    window.note_sent(160.0)
    assert window.get_delay(160.1) > 0
