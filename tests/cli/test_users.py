"""`alloy-async users` as its user meets it: what it prints where, and how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.cli.commands import user_queries
from alloy_async.cli.options.system_access import get_variable_name, load_capabilities
from alloy_async.directory import UserRecord
from alloy_async.sandbox import Fault, Sandbox, Status

from ..systems import SYSTEMS

LISTING = [system for system in SYSTEMS if "list" in load_capabilities(system).abilities]
COMMAND = [sys.executable, "-c", "from alloy_async.cli import main; main()", "users"]
terminal = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals")
SOMEBODY = "grace.6@northwind.example"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for system in SYSTEMS:
        for fact in (
            "base_url",
            "api_key",
            "token",
            "key_id",
            "secret",
            "org_id",
            "app_id",
            "identity_provider",
        ):
            monkeypatch.delenv(get_variable_name(system, fact), raising=False)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox of a system, and sets the environment as its users would."""
    running: list[Sandbox] = []

    def serve(system: str, **options: Any) -> Sandbox:
        sandbox = Sandbox(system, **options).__enter__()
        running.append(sandbox)
        for fact, value in {"base_url": sandbox.url, **sandbox.credentials, **sandbox.place}.items():
            monkeypatch.setenv(get_variable_name(system, fact), value)
        return sandbox

    yield serve
    for sandbox in running:
        sandbox.__exit__(None, None, None)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["users", *arguments])


def run_on_terminal(*arguments: str) -> tuple[str, str]:
    """What it prints on a terminal of 200 columns, and its standard error."""
    mine, its = os.openpty()
    environment = {**os.environ, "COLUMNS": "200", "LINES": "50", "TERM": "dumb", "PYTHONUTF8": "1"}
    with (
        os.fdopen(mine, "rb", buffering=0) as screen,
        subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=its,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        os.close(its)
        shown = b""
        with suppress(OSError):  # how a terminal ends on Linux
            while part := screen.read(65536):
                shown += part
        assert process.stderr
        return shown.decode().replace("\r\n", "\n"), process.stderr.read()


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("system", LISTING)
def test_list_as_json_lines(system: str) -> None:
    result = run("list", "--in", system, "--sandbox")
    assert (result.exit_code, result.stderr) == (0, "")
    assert {"ada.0@northwind.example", SOMEBODY} <= {
        user.get("email", user["username"]) for user in lines(result)
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_get_one(system: str) -> None:
    result = run("get", SOMEBODY, "--in", system, "--sandbox")
    assert result.exit_code == 0, result.output
    (user,) = lines(result)
    assert SOMEBODY in (user["username"], user.get("email"))


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_environment_tells_where_and_who(system: str, served: Callable[..., Sandbox]) -> None:
    sandbox = served(system)
    assert run("get", SOMEBODY, "--in", system).exit_code == 0
    assert sandbox.requests


@pytest.mark.parametrize("system", SYSTEMS)
def test_nobody_is_found(system: str) -> None:
    result = run("get", "nobody@x.example", "--in", system, "--sandbox")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"There is no user 'nobody@x.example' in {system}.\n"


def test_limit() -> None:
    assert [len(lines(run("list", "--in", "alloy", "--sandbox", "--limit", n))) for n in "15"] == [1, 5]


def test_find_by_a_part_of_a_name() -> None:
    result = run("find", "GRACE", "--in", "agilicus", "--sandbox")
    assert (result.exit_code, [user["email"] for user in lines(result)]) == (0, [SOMEBODY])
    assert len(lines(run("find", "northwind", "--in", "agilicus", "--sandbox", "--limit", "2"))) == 2
    result = run("find", "zzz", "--in", "agilicus", "--sandbox")
    assert result.exit_code == 1
    assert result.stderr == "No user of agilicus has 'zzz' in a name, email or id.\n"


def test_a_list_without_anybody_is_a_list(served: Callable[..., Sandbox]) -> None:
    served("alloy", seed_users=0)
    result = run("list", "--in", "alloy")
    assert (result.exit_code, result.output) == (0, "")


@terminal
def test_a_table_on_a_terminal() -> None:
    out, err = run_on_terminal("list", "--in", "agilicus", "--sandbox", "--limit", "3")
    assert err == ""
    header, rule, *rows = [line for line in out.splitlines() if line.strip()]
    assert header.split() == ["email", "given", "name", "family", "name", "active", "groups", "roles"]
    assert set(rule.strip()) == {"─"}
    assert [row.split()[0] for row in rows] == [
        "ada.0@northwind.example",
        "bjarne.1@northwind.example",
        "chiara.2@northwind.example",
    ]
    assert " yes " in rows[0]


@terminal
def test_a_terminal_gets_json_when_it_asks() -> None:
    out, _ = run_on_terminal("list", "--in", "alloy", "--sandbox", "--json")
    assert [set(json.loads(line)) for line in out.splitlines()] == [
        {"username", "full_name", "external_id"}
    ] * 8


@terminal
def test_a_long_table_ends_and_says_so(served: Callable[..., Sandbox]) -> None:
    served("alloy", seed_users=user_queries.ON_A_TERMINAL + 1)
    out, err = run_on_terminal("list", "--in", "alloy")
    assert out.count("@northwind.example") == user_queries.ON_A_TERMINAL
    assert err == "There are more than 100: --limit N shows more, and a pipe gets them all.\n"
    assert run_on_terminal("list", "--in", "alloy", "--limit", "101")[1] == ""


@terminal
def test_nothing_steers_the_terminal(served: Callable[..., Sandbox]) -> None:
    sandbox = served("alloy", seed_users=0)
    world: Any = sandbox.service
    world.add_user("\x1b[2J[red]eve", "Eve\nAdmin")
    out, _ = run_on_terminal("list", "--in", "alloy")
    assert "\x1b" not in out
    assert "�[2J[red]eve" in out
    assert "Eve�Admin" in out


def test_a_password_is_never_shown() -> None:
    record = UserRecord(
        username="ada", password="secret", active=False, groups=("a",), attributes={"desk": 4}
    )
    assert user_queries.user_to_json(record) == {
        "username": "ada",
        "active": False,
        "groups": ["a"],
        "attributes": {"desk": 4},
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "--in", "smooch", "--sandbox"], "Smooch cannot list its users; ask for one by its key"),
        (
            ["list", "--in", "alloy"],
            "no credential: give --api-key-file or set the environment variable ALLOY_API_KEY",
        ),
        (["list", "--in", "agilicus"], "agilicus needs --org-id, or AGILICUS_ORG_ID in the environment"),
        (["get", "x", "--in", "smooch"], "smooch needs --app-id, or SMOOCH_APP_ID in the environment"),
        (["list", "--in", "alsid"], "alsid has no common address: give --base-url or set ALSID_BASE_URL"),
        (["list", "--in", "alloy", "--sandbox", "--app-id", "1"], "alloy has no --app-id; leave it out"),
        (
            ["list", "--in", "alloy", "--sandbox", "--base-url", "http://x"],
            "--sandbox brings its own address and key",
        ),
        (["list", "--in", "nowhere"], "'nowhere' is not one of"),
        (["list"], "Missing option '--in'"),
        (["get", "--in", "alloy"], "Missing argument 'KEY'"),
        (["list", "--in", "alloy", "--limit", "0"], "Invalid value for '--limit'"),
    ],
)
def test_what_cannot_be_done(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_a_refused_key(served: Callable[..., Sandbox], tmp_path: Path) -> None:
    served("agilicus")
    file = tmp_path / "token"
    file.write_text("wrong-token")
    result = run("list", "--in", "agilicus", "--api-key-file", str(file))
    assert result.exit_code == 2
    assert "401" in result.stderr
    assert "was refused" in result.stderr
    assert "wrong-token" not in result.output


def test_a_list_that_breaks_off_is_not_a_whole_one(served: Callable[..., Sandbox]) -> None:
    sandbox = served("opendatasoft", seed_users=1500)
    sandbox.faults.add(Fault(Status(400, {"message": "no more"}), "get_users", nth=2, times=None))
    result = run("list", "--in", "opendatasoft")
    assert result.exit_code == 2
    assert len(lines(result)) == 1000
    assert "no more" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_whoever_reads_may_stop(served: Callable[..., Sandbox]) -> None:
    served("alloy", seed_users=3000)
    with subprocess.Popen(
        [*COMMAND, "list", "--in", "alloy"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert "northwind" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(120) == 0
