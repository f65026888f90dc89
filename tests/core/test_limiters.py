"""The process's limiters: shared by host and credential, dropped with the last client, fit for a fork."""

from __future__ import annotations

import gc
import os
import time

import pytest

from alloy_async.core.ratelimit.configured_rate import Rate
from alloy_async.core.ratelimit.registry import get_limiter, hash_credential


def test_one_limiter_for_a_host_and_credential_while_somebody_holds_it() -> None:
    key = hash_credential("secret of this test")
    limiter = get_limiter("API.example:443", key, Rate(5))
    assert get_limiter("api.example:443", key) is limiter
    assert get_limiter("api.example:443", hash_credential("another")) is not limiter
    assert get_limiter("other.example:443", key) is not limiter
    assert b"secret" not in key
    address = id(limiter)
    again = get_limiter("api.example:443", key, Rate(7))
    assert id(again) == address
    del limiter, again
    gc.collect()
    assert not any(get_limiter("api.example:443", key).acquire("get").wait for _ in range(3))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_inherit_locks_and_requests() -> None:
    limiter = get_limiter("fork.example", hash_credential("x"))
    limiter.acquire("get").note_answer(429, {"retry-after": "0"})
    time.sleep(0.2)  # one request asks, and the others wait for its answer
    permits = [limiter.acquire("get")]
    with limiter._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if limiter.acquire("get").wait == 0.0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert limiter.acquire("get").wait > 0
    for permit in permits:
        permit.release()
