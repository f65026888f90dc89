"""What may come of a call, by the answers that its requests got: the rules of the README, a second time and independently.

| what happened to a request                            | effect            | sent again           |
|-------------------------------------------------------|-------------------|----------------------|
| 2xx that can be read, or not                          | result or applied | never                |
| 2xx whose body is an error                            | unknown           | never                |
| 2xx that is cut                                       | applied           | never                |
| nothing came, or what is not HTTP                     | unknown           | where idempotent     |
| 408, 425, 429; 403 and 503 that tell when to come     | none              | always               |
| 500, 502, 503, 504                                    | unknown           | where idempotent     |
| other 3xx and 4xx                                     | none              | never                |
| any other status                                      | unknown           | never                |
| any that asks to come again after the deadline        | the same          | never                |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, TypeAlias

Again: TypeAlias = Literal["always", "idempotent", "never"]
Outcome: TypeAlias = tuple[str, Again]
"""The effect of one request ("result" where its answer could be read), and whether another one may follow."""

STRENGTH = ("none", "unknown", "applied", "result")
LOST: Outcome = ("unknown", "idempotent")


def judge_status(status: int, wait: int | None, may_say_error: bool = False) -> frozenset[Outcome]:
    """List what may come of a request that is answered as a whole.

    Args:
        wait: the answer's Retry-After; None where it has none.
        may_say_error: whether its body may be an error.
    """
    if 200 <= status < 300:
        outcomes: set[Outcome] = {("result", "never"), ("applied", "never")}
        if may_say_error:
            outcomes.add(("unknown", "never"))
        return frozenset(outcomes)
    refuses = status in (408, 425, 429) or (status in (403, 503) and wait is not None)
    effect = "none" if 300 <= status < 500 or refuses else "unknown"
    again: Again = "always" if refuses else "idempotent" if status in (500, 502, 503, 504) else "never"
    return frozenset({(effect, "never" if wait else again)})


def find_fault(
    requests: Sequence[Collection[Outcome]], idempotent: bool, most: int, found: str, gave_up: bool
) -> str | None:
    """Tell what is wrong with a call; None where nothing is.

    Args:
        requests: for each that the server saw, what may have come of it.
        most: requests that a call may send.
        found: "result", or the effect that its error tells.
        gave_up: whether its deadline came, so that the last request's answer, or another request, may have been too late.
    """
    # A refusal for a limit that lets others through meanwhile is not counted; here nobody knows which of them did.
    uncounted = sum(("none", "always") in outcomes for outcomes in requests[:-1])
    if len(requests) > most + uncounted:
        return f"{len(requests)} requests were sent"
    earlier = {"none"}
    allowed = {"none", "unknown"} if gave_up else set()
    for number, outcomes in enumerate(requests, 1):
        follows = {"always", "idempotent"} if idempotent else {"always"}
        repeatable = {effect for effect, again in outcomes if again in follows}
        if number == len(requests):
            ends = {effect for effect, again in outcomes if again not in follows or number >= most}
            if not ends and not gave_up:
                return f"request {number} was not followed by another one"
            allowed = _combine(earlier, ends | ({"unknown"} | repeatable if gave_up else set()))
        elif not repeatable:
            return f"request {number} was followed by another one"
        else:
            earlier = _combine(earlier, repeatable)
    return None if found in allowed else f"{found}, allowed {sorted(allowed)}"


def _combine(earlier: Iterable[str], later: Iterable[str]) -> set[str]:
    """Combine the effects of requests: the strongest counts."""
    return {max(one, other, key=STRENGTH.index) for one in earlier for other in later}
