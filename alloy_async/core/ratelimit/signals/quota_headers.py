"""What an answer's headers say about quotas: a table of the forms in which servers write what is left, and until when.

Quotas of anything but requests (tokens, bytes, query points) are passed over, as is whatever is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from .wait_formats import get_joined_header, parse_number, parse_wait, read_server_time

# Patterns are compiled by `re` when they are first used.

# A quota that is full again later than this many seconds from now is a mistake, or is understood wrongly.
LONGEST_RESET = 86_400.0 + 3600.0


class Quota(NamedTuple):
    """What is left of one of the server's quotas.

    Args:
        name: tells the quotas of one server apart; the same for all operations that share it.
        limit: requests in a whole window; None where the server does not say.
        remaining: requests that may still be sent before the reset.
        reset: seconds until the quota is full again.
        refills: whether it fills up all the time, so that `reset` means little.
    """

    name: str
    limit: float | None
    remaining: float
    reset: float
    refills: bool = False


class HeaderForm(NamedTuple):
    """Headers that tell one quota.

    Args:
        remaining: header with what is left; it is what a form is known by.
        reset: headers with the wait or moment of the reset, the first that there is counts.
        limit: header with the size of the quota.
        unit: of a bare number in `reset`, in seconds.
        window: seconds until the reset at the most, where no header tells it.
        scope: header that tells which of the server's quotas this is.
    """

    remaining: str
    reset: tuple[str, ...] = ()
    limit: str | None = None
    unit: float = 1.0
    window: float | None = None
    scope: str | None = None


def _create_form(prefix: str, suffix: str = "", **more: object) -> HeaderForm:
    reset = (f"{prefix}reset-after{suffix}", f"{prefix}reset{suffix}", f"{prefix}retry-after{suffix}")
    return HeaderForm(f"{prefix}remaining{suffix}", reset, f"{prefix}limit{suffix}", **more)  # type: ignore[arg-type]


PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}
FORMS: tuple[HeaderForm, ...] = (
    # GitHub; with reset-after: Discord; Atlassian: RFC 3339
    _create_form("x-ratelimit-", scope="x-ratelimit-resource"),
    _create_form("ratelimit-"),  # the early drafts of the IETF, Zendesk
    _create_form("x-rate-limit-"),  # Okta, X
    _create_form("x-ratelimit-", "-requests"),  # OpenAI: reset as 6m0s
    HeaderForm(  # Linear: reset in milliseconds since 1970
        "x-ratelimit-requests-remaining", ("x-ratelimit-requests-reset",), "x-ratelimit-requests-limit"
    ),
    HeaderForm(  # Anthropic: reset as RFC 3339
        "anthropic-ratelimit-requests-remaining",
        ("anthropic-ratelimit-requests-reset",),
        "anthropic-ratelimit-requests-limit",
    ),
    HeaderForm("x-sentry-rate-limit-remaining", ("x-sentry-rate-limit-reset",), "x-sentry-rate-limit-limit"),
    HeaderForm(
        "x-hubspot-ratelimit-remaining",
        ("x-hubspot-ratelimit-interval-milliseconds",),
        "x-hubspot-ratelimit-max",
        unit=1e-3,
        window=10.0,
    ),
    HeaderForm("x-hubspot-ratelimit-secondly-remaining", (), "x-hubspot-ratelimit-secondly", window=1.0),
    *(  # Kong
        HeaderForm(
            f"x-ratelimit-remaining-{period}",
            ("ratelimit-reset",) if period == "second" else (),
            f"x-ratelimit-limit-{period}",
            window=seconds,
        )
        for period, seconds in PERIODS.items()
    ),
)
# Shopify: `32/40` of a bucket that leaks a twentieth of its size each second.
SHOPIFY, SHOPIFY_SECONDS = "x-shopify-shop-api-call-limit", 20.0
SHOPIFY_VALUE = r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*"
# `limit=100, remaining=7, reset=3` of the IETF's early drafts; `"burst";r=7;t=3, "daily";r=900;t=3600` of the later ones.
IETF, POLICY = "ratelimit", "ratelimit-policy"
MEMBER = r'(?:^|[,;\s])(limit|remaining|reset|r|t|q|w)\s*=\s*"?(\d{1,15}(?:\.\d{1,15})?)(?=["\s,;]|$)'
ITEM = r'\s*"([^"]{1,64})"([^,]*)|\s*([A-Za-z][\w-]{0,63})((?:;[^,]*)+)'
# The headers by which a quota is recognised.
SIGNS: tuple[str, ...] = (IETF, SHOPIFY, *(form.remaining for form in FORMS))
# Headers that tell which of the server's limits an answer is about, the most exact first: GitHub's, Discord's, the IETF's.
SCOPES, LONGEST_SCOPE = ("x-ratelimit-resource", "x-ratelimit-bucket", POLICY), 200
# A limit may carry its policy: `100, 100;w=60`.
LEADING = r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*(?:$|[,;])"


def may_tell_quota(headers: Mapping[str, str]) -> bool:
    """Tell whether there may be a quota in the headers: the quick question that answers are asked."""
    return any(sign in headers for sign in SIGNS)


def parse_scope(headers: Mapping[str, str]) -> str:
    """Parse which of the server's limits an answer is about: its name, else the policy or the size; empty where none is told.

    Args:
        headers: of an answer; names in lower case, or a mapping that does not mind.
    """
    for name in SCOPES:
        told = (get_joined_header(headers, name) or "").strip()[:LONGEST_SCOPE]
        if told:
            return f"{name}: {told}"
    items = list(_parse_items(get_joined_header(headers, IETF) or ""))
    names = [name or f"{members['limit']:g}" for name, members in items if name or "limit" in members]
    sizes = [headers[form.limit] for form in FORMS if form.limit and form.limit in headers]
    return ", ".join(names or sizes)[:LONGEST_SCOPE]


def parse_quotas(headers: Mapping[str, str], now: float) -> list[Quota]:
    """Parse all quotas that the headers tell, if they tell what remains and until when.

    Args:
        headers: of an answer; names in lower case, or a mapping that does not mind.
        now: the wall clock, in seconds since 1970; a reset given as a moment is taken relative to the server's `Date`, or to
            this where there is none.
    """
    now = read_server_time(headers, now)
    parsers: tuple[Callable[[Mapping[str, str], float], Iterator[Quota]], ...] = (
        _parse_known_header_families,
        _parse_ietf_headers,
        _parse_shopify_header,
    )
    return [quota for parse in parsers for quota in parse(headers, now) if quota.reset <= LONGEST_RESET]


def _parse_known_header_families(headers: Mapping[str, str], now: float) -> Iterator[Quota]:
    for form in FORMS:
        left = get_joined_header(headers, form.remaining)
        if left is None:
            continue
        limits = (get_joined_header(headers, form.limit) or "") if form.limit else ""
        resets = [get_joined_header(headers, name) for name in form.reset]
        scope = headers.get(form.scope, "") if form.scope else ""
        # Several policies are told as lists, in one order.
        for place, value in enumerate(values := left.split(",")):
            remaining = parse_number(value)
            told = (
                parse_wait(_pick_value_at_place(text, place, len(values)), now, form.unit) for text in resets
            )
            reset = next((wait for wait in told if wait is not None), form.window)
            if remaining is None or remaining < 0 or reset is None:
                continue
            limit = re.match(LEADING, _pick_value_at_place(limits, place, len(values)) or "")
            size = float(limit[1]) if limit else None
            yield Quota(f"{form.remaining} {scope} {size}", size, remaining, reset)


def _pick_value_at_place(text: str | None, place: int, count: int) -> str | None:
    """Pick the value of one policy from a header that has one for each; the whole where it has not."""
    values = text.split(",") if text and count > 1 else ()
    return values[place] if len(values) == count else text


def _parse_ietf_headers(headers: Mapping[str, str], now: float) -> Iterator[Quota]:
    text = get_joined_header(headers, IETF)
    if text is None:
        return
    policies = get_joined_header(headers, POLICY) or ""
    limits = {name: members.get("q") for name, members in _parse_items(policies)}
    for name, members in _parse_items(text):
        remaining = members.get("remaining", members.get("r"))
        reset = members.get("reset", members.get("t"))
        if remaining is not None and reset is not None:
            wait = parse_wait(f"{reset:f}", now)
            yield Quota(f"{IETF} {name}", members.get("limit", limits.get(name)), remaining, wait or 0.0)


def _parse_items(text: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Parse the items of a list, with their parameters; the early form is one item without a name."""
    found = [match for match in re.finditer(ITEM, text[:2000]) if "=" in (match[2] or match[4] or "")]
    if not found:
        yield "", {name: float(value) for name, value in re.findall(MEMBER, text[:2000])}
    for match in found:
        yield (
            match[1] or match[3],
            {name: float(value) for name, value in re.findall(MEMBER, match[2] or match[4])},
        )


def _parse_shopify_header(headers: Mapping[str, str], now: float) -> Iterator[Quota]:
    match = re.fullmatch(SHOPIFY_VALUE, headers.get(SHOPIFY, ""))
    if match and int(match[2]) > 0:
        used, size = float(match[1]), float(match[2])
        yield Quota(SHOPIFY, size, max(0.0, size - used), used / size * SHOPIFY_SECONDS, refills=True)
