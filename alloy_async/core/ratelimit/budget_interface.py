"""What the limiter draws requests from: kept in this process (AdaptiveBudget), by all of this host, or elsewhere."""

from __future__ import annotations

from typing import Protocol


class RequestBudget(Protocol):
    """A budget of requests, kept in this process or elsewhere. Moments are seconds on the limiter's clock.

    It is called under the limiter's lock, from any thread, and must not wait for a network: one that is kept on another
    host leases some requests ahead, in the background.
    """

    def reserve(self, now: float) -> float | None:
        """Take one request: the moment from which it may be sent, or None while that is not known: ask again soon."""
        ...

    def give_back(self) -> None:
        """Return a request that was taken and not sent."""
        ...

    def rate(self) -> float:
        """Requests per second; infinite while no limit is known."""
        ...

    def opens_at(self) -> float:
        """The moment before which no request may be sent, since the server refused one."""
        ...

    def get_told_opening(self) -> float:
        """The moment that the server told; later than the gate where that is too late to be believed without asking."""
        ...

    def note_accepted(self, now: float, sent: float) -> None:
        """Note that the server took a request that was sent then."""
        ...

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        """Note that the server refused a request for a limit.

        Args:
            sent: when the request was sent; of those that left before the last refusal was seen, none tells anything new.
            asked: seconds that the server asked to wait, None where it told no time.
            chance: between 0 and 1; keeps several processes from coming back at the same moment.
            crowded: whether the number of requests in flight explains it, so that the rate is not to blame.

        Returns:
            Whether it is news.
        """
        ...

    def note_idle(self, now: float) -> None:
        """Note that nobody is in a hurry: what is accepted now does not measure the server."""
        ...
