"""The limiters of the process: one for each host and credential, shared by all clients, dropped with the last of them."""

from __future__ import annotations

import os
import random as chance
import time
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from weakref import WeakValueDictionary

from .budget_interface import RequestBudget
from .configured_rate import Rate
from .limiter import Limiter

_KEY = os.urandom(16)
_limiters: WeakValueDictionary[tuple[str, bytes, Callable[[], float]], Limiter] = WeakValueDictionary()
_registry_lock = Lock()


def hash_credential(credential: str) -> bytes:
    """Compute a keyed hash of a credential: the same for the same one, in this process only, and telling nothing of it."""
    return blake2b(credential.encode(), key=_KEY, digest_size=16).digest()


def get_limiter(
    host: str,
    credential_fingerprint: bytes,
    rate: Rate | RequestBudget | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    random: Callable[[], float] = chance.random,
    account: str = "",
) -> Limiter:
    """Get the process's limiter for this host and credential; it lives as long as somebody holds it.

    Args:
        host: host and port, as in the base URL.
        credential_fingerprint: of `fingerprint`; never the credential.
        rate: the limit if the user knows it, or a budget kept elsewhere; it holds for everybody who shares the limiter, and
            the last one told wins.
        clock: monotonic seconds; only those who go by the same clock share a limiter.
        random: a number between 0 and 1.
        account: what tells credentials apart in all processes, for a rate that is shared.
    """
    key = (host.lower(), credential_fingerprint, clock)
    with _registry_lock:
        limiter = _limiters.get(key)
        if limiter is None:
            limiter = _limiters[key] = Limiter(clock=clock, random=random)
    if rate is not None:
        limiter.set_rate(rate, lambda shared: _open_shared_budget(host, account, shared, clock()))
    return limiter


def _open_shared_budget(host: str, account: str, rate: Rate, now: float) -> RequestBudget:
    from .shared_budget import open_shared_budget  # here, as few programs share a rate with others

    return open_shared_budget(host, account, rate, now)


def _forget_requests_of_parent() -> None:
    global _registry_lock
    _registry_lock = Lock()
    for limiter in list(_limiters.values()):
        limiter.forget_requests_under_way()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_requests_of_parent)
