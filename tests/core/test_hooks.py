"""Hooks are plain functions; one that turns out to be async is refused in words, and leaves no coroutine behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from alloy_async import AlloyDirectory, AsyncAlloy, ConfigurationError, Retry
from alloy_async.provisioning import RunOptions, plan, provision
from alloy_async.testing import FakeClock, Sandbox

from .server import Scripted, reply

USER = {"userId": "1", "username": "ada"}
BUSY, OK = reply(503, Retry_After="0"), reply(200, USER)
RETRY = {"retry": Retry(attempts=2, wait_initial=0)}


async def tell(*told: object) -> None:
    """Do what nobody will wait for."""


def create_late_async_hook() -> Callable[..., Awaitable[None]]:
    """Create a function that does not look async."""
    return lambda *told: tell(*told)


@pytest.mark.parametrize(
    ("option", "script", "sent", "effect"),
    [
        ("on_request", [OK], 0, "none"),
        ("on_request", [reply(500), OK], 0, "none"),
        ("on_response", [OK], 1, "unknown"),
        ("on_result", [OK], 1, "unknown"),
        ("on_retry", [BUSY, OK], 1, "unknown"),
        ("on_limit", [BUSY, OK], 1, "unknown"),
    ],
)
async def test_a_hook_that_gives_a_coroutine_is_refused_without_a_warning(
    option: str, script: list[bytes], sent: int, effect: str
) -> None:
    hooks: dict[str, Any] = {option: create_late_async_hook()}
    async with (
        Scripted(*script) as service,
        AsyncAlloy("key", base_url=service.url, **RETRY, **hooks) as alloy,
    ):
        with pytest.raises(ConfigurationError, match=f"{option} takes a plain function") as raised:
            await alloy.create_a_user("ada")
        assert raised.value.effect == effect
        assert len(service.arrived) == sent


def test_a_sync_client_refuses_it_too() -> None:
    with Sandbox("alloy") as sandbox, sandbox.client(on_response=create_late_async_hook()) as alloy:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="on_response takes a plain function"):
                alloy.get_a_user("ada")


@pytest.mark.parametrize("hooks", [(tell,), (None,), (print, tell)])
async def test_a_hook_that_is_added_is_looked_at_as_the_others(hooks: tuple[Any, ...]) -> None:
    async with AsyncAlloy("key") as alloy:
        with pytest.raises(ConfigurationError, match=r"on_(retry|limit) takes a (plain )?function"):
            alloy.with_retry_hook(*hooks)


async def test_a_hook_may_return_anything_else() -> None:
    seen: list[str] = []
    async with (
        Scripted(OK) as service,
        AsyncAlloy("key", base_url=service.url, on_result=lambda *_: seen.append("result") or 5) as alloy,
    ):
        await alloy.get_a_user("ada")
        await alloy.with_options(on_result=lambda *_: seen).get_a_user("ada")
    assert seen == ["result"]


@pytest.mark.parametrize("hook", [tell, create_late_async_hook()], ids=["async", "late"])
async def test_an_async_listener_of_a_job_is_refused(hook: Any, tmp_path: Any) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username\nada\n")
    refuses = pytest.raises(ConfigurationError, match="on_event takes a plain function")
    async with Sandbox("alloy") as sandbox, sandbox.async_client(clock=FakeClock()) as alloy:
        target = AlloyDirectory(alloy)
        with refuses:
            await plan(source, target, on_event=hook)
        with refuses:
            await provision(source, target, run=RunOptions(on_event=hook))
        assert {request.method for request in sandbox.requests} <= {"GET"}
