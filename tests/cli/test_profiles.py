"""`--profile`: customers by name, on the command line and in jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def customers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Sandbox]]:
    """Two customers of Alloy and one of Agilicus, each with a sandbox and a key of its own."""
    path, text = tmp_path / "profiles.toml", '[odd]\nsystem = "aloy"\n'
    for name in (
        "ALLOY_API_KEY",
        "ALLOY_BASE_URL",
        "AGILICUS_TOKEN",
        "AGILICUS_ORG_ID",
        "ALLOY_ASYNC_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        found = {}
        for name, system in (("acme", "alloy"), ("globex", "alloy"), ("north", "agilicus")):
            sandbox = stack.enter_context(Sandbox(system, keys=[f"key-of-{name}"], seed_users=3))
            key = tmp_path / f"{name}.key"
            key.write_text(next(iter(sandbox.keys or ())))
            text += f'[{name}]\nsystem = "{system}"\nbase_url = "{sandbox.url}"\ncredential = {{ file = "{key}" }}\n'
            if sandbox.place:
                text += f'place = {{ org_id = "{sandbox.place["org_id"]}" }}\n'
            found[name] = sandbox
        path.write_text(text)
        monkeypatch.setenv("ALLOY_ASYNC_PROFILES", str(path))
        yield found


def test_users_of_a_customer(customers: dict[str, Sandbox]) -> None:
    result = run("users", "list", "--profile", "north")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) >= 3
    assert customers["north"].requests
    assert not customers["acme"].requests


def test_a_call_of_a_customer(customers: dict[str, Sandbox]) -> None:
    result = run("call", "alloy", "list-all-users", "--profile", "globex")
    assert result.exit_code == 0, result.output
    assert customers["globex"].requests
    shown = json.loads(run("call", "alloy", "list-all-users", "--profile", "acme", "--dry-run").stdout)
    assert shown["url"].startswith(customers["acme"].url)


def test_the_organisation_comes_from_the_profile(customers: dict[str, Sandbox]) -> None:
    result = run("call", "agilicus", "list-access-requests", "--profile", "north")
    assert result.exit_code == 0, result.output
    assert ("org_id", customers["north"].place["org_id"]) in customers["north"].requests[-1].query


def test_the_environment_names_a_customer(
    customers: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOY_ASYNC_PROFILE", "acme")
    assert run("users", "list").exit_code == 0
    assert run("users", "list", "--profile", "globex").exit_code == 0
    assert (len(customers["acme"].requests), len(customers["globex"].requests)) == (1, 1)
    assert run("users", "list", "--in", "alloy", "--sandbox").exit_code == 0
    result = run("users", "list", "--in", "alsid")
    assert result.exit_code == 2
    assert "profile 'acme' is for alloy, not for alsid" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["users", "list", "--profile", "acne"], "there is no profile 'acne'; did you mean 'acme'?"),
        (["users", "list", "--profile", "odd"], "profile 'odd': system must be one of agilicus, alloy"),
        (["users", "list"], "Missing option '--in': name the system, or a --profile."),
        (["users", "list", "--in", "alloy", "--sandbox", "--profile", "acme"], "--sandbox brings its own"),
        (
            ["call", "alsid", "api-users-get", "--profile", "acme"],
            "profile 'acme' is for alloy, not for alsid",
        ),
        (["call", "alsid", "api-users-get", "--profile", "acme", "--dry-run"], "is for alloy"),
    ],
)
def test_what_cannot_be_done(customers: dict[str, Sandbox], arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_job_remembers_its_customer(
    customers: dict[str, Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, job = tmp_path / "users.csv", tmp_path / "users.job"
    source.write_text("username\nada\nbob\n")
    result = run("provision", source, "--profile", "acme")
    assert result.exit_code == 0, result.output
    monkeypatch.setenv("ALLOY_ASYNC_PROFILE", "globex")
    result = run("undo", job)
    assert result.exit_code == 0, result.output
    assert "deleted: 2" in result.stdout
    assert not customers["globex"].requests, "the job is acme's, whatever the environment names"


def test_an_option_comes_before_the_profile(customers: dict[str, Sandbox], tmp_path: Path) -> None:
    key = tmp_path / "other.key"
    key.write_text("wrong")
    result = run("users", "list", "--profile", "acme", "--api-key-file", key)
    assert result.exit_code == 2
    assert "401" in result.stderr
    result = run("users", "list", "--profile", "acme", "--base-url", customers["globex"].url)
    assert result.exit_code == 2
    assert customers["globex"].requests


def test_a_job_whose_profile_was_removed_says_how_to_go_on(
    customers: dict[str, Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.csv").write_text("username\nada\n")
    assert run("plan", "users.csv", "--profile", "acme").exit_code == 0
    path = tmp_path / "profiles.toml"
    path.write_text(path.read_text().replace("[acme]", "[renamed]"))
    refused = run("apply", "users.job")
    assert refused.exit_code == 2
    assert "there is no profile 'acme'" in refused.stderr
    assert (
        "(the job was made with it; --profile or --api-key-file says how to reach the same account now)"
        in (refused.stderr)
    )
    done = run("apply", "users.job", "--profile", "renamed")
    assert done.exit_code == 0, done.output
