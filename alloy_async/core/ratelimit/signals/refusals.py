"""Tell whether an answer is a refusal for a limit, and how long the server asks to wait, in its headers or its body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from .quota_headers import parse_quotas
from .wait_formats import get_joined_header, parse_wait, read_server_time

# Patterns are compiled by `re` when they are first used: few programs ever meet a refusal.

# Statuses with which servers refuse for a limit. All but 429 do so only where something else says that it is one.
LIMIT_STATUSES = frozenset({400, 403, 429, 503})
# Headers that tell how long to wait, with the unit of a bare number in seconds; the first that there is counts.
WAITS: tuple[tuple[str, float], ...] = (
    ("retry-after-ms", 1e-3),  # OpenAI, Azure
    ("x-ms-retry-after-ms", 1e-3),  # Azure Cosmos DB
    ("retry-after", 1.0),
    ("x-retry-after", 1.0),
    ("x-ratelimit-retry-after", 1.0),
    ("x-rate-limit-retry-after-seconds", 1.0),
)
# Discord and others send this with every answer, so it does not make a refusal of it.
RESET_AFTER = "x-ratelimit-reset-after"
# Sentry: `60:transaction:organization, 2700:error`.
SENTRY, SENTRY_ITEM = "x-sentry-rate-limits", r"(?:^|,)\s*(\d{1,9}(?:\.\d{1,3})?):"
# What servers call a limit, as the value of one of these members of an error body, or as an element of XML.
REASONS = (
    "rateLimitExceeded|userRateLimitExceeded|RATE_LIMIT_EXCEEDED|RESOURCE_EXHAUSTED|rate_limit_exceeded|rate_limited|"
    "Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException|RequestLimitExceeded|"
    "TooManyRequests|TooManyRequestsException|ProvisionedThroughputExceededException|SlowDown|BandwidthLimitExceeded|"
    "PriorRequestNotComplete|TransactionInProgressException|EC2ThrottledException|REQUEST_LIMIT_EXCEEDED|"
    r"policies\.ratelimit\.\w{1,50}|ERR_403_DEVELOPER_OVER_(?:QPS|RATE)"  # Salesforce, Apigee, Mashery
)
REASON = (
    rf'"(?:__type|type|code|reason|status|error|errorCode|error_code)"\s*:\s*"(?:[\w.]{{1,100}}#)?(?:{REASONS})"'
    rf"|<Code>(?:{REASONS})</Code>"
)
# Headers that name the reason: Amazon's, Mashery's.
REASON_HEADERS = ("x-amzn-errortype", "x-mashery-error-code")
HEADER_REASON = rf"(?:{REASONS})\b"
# The words of a refusal with 403 or 503: GitHub, Kong and others name no reason. Only a statement that a limit of requests was
# met counts, never one about a limit as such, which may be the thing that is forbidden, nor one about a quota of users.
MESSAGE = (
    r'"(?:message|msg|error|errors|error_?message|error_?description|description|detail|details|title|reason|faultstring)"'
    r'\s*:\s*\[?\s*"((?:[^"\\]|\\.){1,400})"'
)
QUOTED = r"\\?\"[^\"]{0,200}\"|(?<!\w)'[^']{0,200}'(?!\w)|`[^`]{0,200}`|<[^>]{0,400}>"
MET = r"(?:exceeded|reached|hit|surpassed|violated|exhausted)"
FILLER = (
    r"(?:(?!(?:not|never|cannot|can|could|would|may|might|must|should|be|if|unless)\b)[\w'-]{1,30} ){0,5}?"
)
RATE_LIMIT = r"(?:rate[ _-]?limit(?:s|ing)?|request(?:s)? limit|limit of requests|request rate)"
WORDS = (
    rf"\b{RATE_LIMIT} {FILLER}{MET}\b|(?<!not )(?<!be )\b(?:{MET}|over) {FILLER}{RATE_LIMIT}\b"
    r"|\btoo many requests\b|\b(?:requests?|you|client|user|key|ip|account|and) (?:has |have |is |are |was |were )?"
    r"(?:being |been )?(?:currently |temporarily )?(?:rate[ -]?limited|throttled)\b"
    r"|\brate exceeded\b|\brequest rate (?:is )?too (?:high|large|fast)\b|\bthrottled out\b|\bdeveloper over (?:rate|qps)\b"
    r"|\bout of call volume quota\b|\babuse detection mechanism\b"
)
FOR_GOOD = r"\b(?:suspended|banned|deactivated|terminated|disabled)\b"
# Google: google.rpc.RetryInfo. Discord and others: the header's name in the body, too; a bare number.
RETRY_DELAY = r'"(?:retryDelay|retry_?after(_?(?:ms|millis|milliseconds))?)"\s*:\s*"?([^",}\]\s]{1,40})'
BODY = 8192
"""Bytes of a body that are looked at."""


class Refusal(NamedTuple):
    """The server refused a request for a limit.

    Args:
        retry_after: seconds that it asks to wait, None where it does not say.
    """

    retry_after: float | None


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read the seconds that the server asks to wait, by any of the usual headers; 0.0 for the past, None where there is none.

    Args:
        headers: of an answer; names in lower case, or a mapping that does not mind.
        now: the wall clock, in seconds since 1970.
    """
    now = read_server_time(headers, now)
    for name, unit in WAITS:
        wait = parse_wait(get_joined_header(headers, name), now, unit)
        if wait is not None:
            return wait
    waits = re.findall(SENTRY_ITEM, (get_joined_header(headers, SENTRY) or "")[:BODY])
    return max(map(float, waits)) if waits else None


def parse_refusal(status: int, headers: Mapping[str, str], body: object, now: float) -> Refusal | None:
    """Parse the refusal for a limit that an answer is; None where it is not one.

    Args:
        status: HTTP status. 429 is a refusal; 503 with a time to wait, too; 403 with one, or with nothing left of a quota;
            400, 403 and 503 where the body names one of `REASONS`; 403 and 503 whose message says that a limit was met.
        headers: of the answer; names in lower case, or a mapping that does not mind.
        body: of the answer; looked at if it is bytes.
        now: the wall clock, in seconds since 1970.
    """
    if status not in LIMIT_STATUSES:
        return None
    wait = parse_retry_after(headers, now)
    text = body[:BODY].decode("utf-8", "replace") if isinstance(body, bytes) else ""
    if wait is None:
        delay = re.search(RETRY_DELAY, text, re.IGNORECASE)
        wait = parse_wait(delay[2], now, 1e-3 if delay[1] else 1.0) if delay else None
    spent = [quota.reset for quota in parse_quotas(headers, now) if quota.remaining < 1 and not quota.refills]
    named = any(re.search(HEADER_REASON, headers.get(name, "")) for name in REASON_HEADERS) or bool(
        re.search(REASON, text, re.IGNORECASE) or (status in (403, 503) and _is_said_of_limit(text))
    )
    told = wait is not None and status in (403, 503)
    if not (status == 429 or told or (status == 403 and spent) or named):
        return None
    if wait is None:
        wait = parse_wait(get_joined_header(headers, RESET_AFTER), read_server_time(headers, now))
    if wait is None and spent and status == 403:
        wait = max(spent)  # with 429 the quota itself holds; of a bucket, this is the time until it is full
    return Refusal(wait)


def _is_said_of_limit(text: str) -> bool:
    """Tell whether the message for a person in a body says that a rate limit was met; what it quotes may be the user's data."""
    messages = re.findall(MESSAGE, text, re.IGNORECASE) if text.lstrip()[:1] in ("{", "[") else [text[:1000]]
    for message in messages:
        words = " ".join(re.sub(QUOTED, " ", message).split())
        if re.search(WORDS, words, re.IGNORECASE):
            return not re.search(FOR_GOOD, words, re.IGNORECASE)
    return False
