"""`alloy-async auth status`: each account is asked, and no secret is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox
from alloy_async.systems import SYSTEMS


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["auth", "status", *arguments])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.toml"
    monkeypatch.setenv("ALLOY_ASYNC_PROFILES", str(path))
    for system in SYSTEMS:
        for name in ("api_key", "token", "key_id", "secret", "base_url", "org_id", "app_id"):
            monkeypatch.delenv(f"{system}_{name}".upper(), raising=False)
    monkeypatch.delenv("ALLOY_ASYNC_PROFILE", raising=False)
    return path


@pytest.fixture
def servers() -> Iterator[dict[str, Sandbox]]:
    with ExitStack() as stack:
        yield {system: stack.enter_context(Sandbox(system)) for system in SYSTEMS}


def test_all_systems_let_in(
    profiles: Path, servers: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = ""
    for system, sandbox in servers.items():
        secret = sandbox.credentials.get("secret") or next(iter(sandbox.credentials.values()))
        key = tmp_path / f"{system}.key"
        key.write_text(secret)
        text += f'[of-{system}]\nsystem = "{system}"\nbase_url = "{sandbox.url}"\ncredential = {{ file = "{key}" }}\n'
        if "key_id" in sandbox.credentials:
            text += f'key_id = "{sandbox.credentials["key_id"]}"\n'
        if sandbox.place:
            text += (
                "place = { "
                + ", ".join(f'{name} = "{value}"' for name, value in sandbox.place.items())
                + " }\n"
            )
    profiles.write_text(text)
    result = run()
    assert result.exit_code == 0, result.output
    found = lines(result)
    assert [one["profile"] for one in found] == [f"of-{system}" for system in SYSTEMS]
    assert all(one["ok"] and one["message"] and one["credential"].startswith("file ") for one in found)
    assert len(lines(run("of-alsid"))) == 1


def test_a_refused_key_and_a_missing_one(
    profiles: Path, servers: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME", "c4n4ry")
    url = servers["alloy"].url
    profiles.write_text(
        f'[wrong]\nsystem = "alloy"\nbase_url = "{url}"\ncredential = {{ env = "ACME" }}\n'
        f'[missing]\nsystem = "alloy"\nbase_url = "{url}"\ncredential = {{ env = "NOT_SET" }}\n'
    )
    result = run()
    assert result.exit_code == 1
    wrong, missing = lines(result)
    assert not wrong["ok"]
    assert "401" in wrong["message"]
    assert "NOT_SET is not set" in missing["message"]
    assert "c4n4ry" not in result.output


def test_the_account_of_the_environment(
    profiles: Path, servers: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALSID_API_KEY", "key")
    monkeypatch.setenv("ALSID_BASE_URL", servers["alsid"].url)
    (one,) = lines(run())
    assert (one["profile"], one["system"], one["credential"], one["ok"]) == (
        "",
        "alsid",
        "env ALSID_API_KEY",
        True,
    )


def test_a_wrong_profile_is_told_and_keeps_no_other_from_being_asked(
    profiles: Path, servers: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME", "key")
    rest = f'base_url = "{servers["alloy"].url}"\ncredential = {{ env = "ACME" }}\n'
    profiles.write_text(
        f'[acme]\nsystem = "alloy"\n{rest}'
        f'[unknown-system]\nsystem = "aloy"\n{rest}'
        f'[unknown-key]\nsystem = "alloy"\nfoo = 1\n{rest}'
        f'[unknown-place]\nsystem = "alloy"\nplace = {{ org = "x" }}\n{rest}'
        '[default-address]\nsystem = "alloy"\ncredential = { env = "NOT_SET" }\n'
    )
    result = run()
    assert result.exit_code == 1
    acme, system, key, place, address = lines(result)
    assert acme["ok"]
    assert "system must be one of agilicus, alloy" in system["message"]
    assert "there is no key 'foo'" in key["message"]
    assert "alloy has no org=" in place["message"]
    assert address["base_url"].startswith("https://")
    assert run("acme").exit_code == 0
    assert run("nobody").exit_code == 2


def test_nothing_is_named(profiles: Path) -> None:
    result = run()
    assert result.exit_code == 2
    assert str(profiles) in result.stderr
    assert "[acme]" in result.stderr
    profiles.write_text("[acme")
    assert "is not TOML" in run().stderr
    assert run("nobody").exit_code == 2
