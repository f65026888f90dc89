"""`alloy-async call` and `operations`: all 112 operations against the sandboxes, beside the library's own results."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alloy_async import AlloyAsyncError, AsyncClient, from_wire, to_wire
from alloy_async.cli.app import app
from alloy_async.cli.catalog import load_operations
from alloy_async.cli.exit_codes import ExitCode
from alloy_async.cli.options.system_access import get_variable_name
from alloy_async.core.codec.fields import get_fields
from alloy_async.core.operation.operation import find_result_type
from alloy_async.sandbox import Fault, Malformed, Reset, Sandbox, Status, Truncated
from alloy_async.sandbox.smooch.tokens import APP_ID
from alloy_async.systems import SYSTEMS, load_client

from ..agilicus import test_calls as agilicus
from ..alloy import test_calls as alloy
from ..alsid import test_calls as alsid
from ..opendatasoft import test_calls as opendatasoft
from ..smooch import test_calls as smooch

COUNTS = {"agilicus": 45, "alloy": 36, "alsid": 12, "opendatasoft": 7, "smooch": 12}


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


class Twins:
    """The state of two sandboxes as one: what changes it is done to both."""

    def __init__(self, *services: Any) -> None:
        self._services = services

    def __getattr__(self, name: str) -> Any:
        found = [getattr(service, name) for service in self._services]
        if not callable(found[0]):
            return found[0]

        def call_both(*args: Any) -> Any:
            first, *_ = [function(*args) for function in found]
            return first

        return call_both


class CommandLineCaller:
    """Calls a method of the library and the same operation through the command line, on twin sandboxes.

    Args:
        client: of the library.
        client_sandbox: the one that the client calls.
        sandbox: its twin, which the command line calls.
        folder: for files that are uploaded.
    """

    def __init__(self, client: AsyncClient, client_sandbox: Sandbox, sandbox: Sandbox, folder: Path) -> None:
        self.client = client
        self.sandbox = sandbox
        self.service = Twins(client_sandbox.service, sandbox.service)
        self.called: set[str] = set()
        self._folder = folder
        self._library_url = client_sandbox.url

    async def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self.sandbox.system == "smooch":
            args = (APP_ID, *args)
        method = getattr(self.client, name)
        operation = (
            method.operation if hasattr(method, "operation") else getattr(type(self.client), name).operation
        )
        given = inspect.signature(operation).bind(*args, **kwargs).arguments
        words = [word for argument, value in given.items() for word in self._write(argument, value)]
        form = ["--format", "json"] if hasattr(operation, "paging") else []
        error = None
        try:
            result = await method(*args, **kwargs)
        except AlloyAsyncError as caught:
            error = caught
        done = await asyncio.to_thread(
            run, "call", self.sandbox.system, operation.name.replace("_", "-"), *words, *form, "--json-errors"
        )
        self.called.add(operation.name)
        if error is not None:
            self._compare_error(error, done)
            raise error
        assert done.exit_code == 0, done.output
        if isinstance(result, bytes):
            assert done.stdout_bytes == result
            return result
        text = done.stdout.replace(self.sandbox.url, self._library_url)
        data = json.loads(text) if text else None
        assert data == to_wire(result)
        return from_wire(find_result_type(operation), data)

    def _write(self, argument: str, value: Any) -> Iterator[str]:
        option = f"--{argument.replace('_', '-')}"
        if argument == "source":
            path = self._folder / "source"  # as the library calls a file without a name
            path.write_bytes(value)
            yield from (option, str(path))
        elif isinstance(value, list) and all(isinstance(item, str) for item in value) and value:
            for item in value:
                yield from (option, item)
        elif isinstance(value, str):
            yield from (option, value)
        elif isinstance(value, datetime):
            yield from (option, value.isoformat())
        else:
            yield from (option, json.dumps(to_wire(value)))

    def _compare_error(self, error: AlloyAsyncError, done: Result) -> None:
        assert done.exit_code in (1, 2)
        told = json.loads(done.stderr)
        assert told["error"] == type(error).__name__
        assert (told["status"], told["effect"]) == (error.status, error.effect)
        assert told["body"] == to_wire(error.body)


@pytest.fixture
async def call(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CommandLineCaller]:
    system, now = request.param, time.time()
    with ExitStack() as stack:
        first, second = (stack.enter_context(Sandbox(system, clock=lambda: now)) for _ in range(2))
        monkeypatch.setenv(get_variable_name(system, "base_url"), second.url)
        for name, value in {**second.credentials, **second.place}.items():
            monkeypatch.setenv(get_variable_name(system, name), value)
        async with load_client(system)(**first.credentials, base_url=first.url) as client:
            yield CommandLineCaller(client, first, second, tmp_path)


SCENARIOS = {
    "agilicus": agilicus.test_all_45_operations,
    "alloy": alloy.test_all_36_operations,
    "alsid": alsid.test_all_12_operations,
    "opendatasoft": opendatasoft.test_all_7_operations,
    "smooch": smooch.test_all_12_operations,
}


@pytest.mark.parametrize("call", SYSTEMS, indirect=True)
async def test_every_operation_gives_what_the_library_gives(call: Any) -> None:
    system = call.sandbox.system
    await SCENARIOS[system](call)
    assert call.called == load_operations(system).keys()
    assert len(call.called) == COUNTS[system]


def test_the_operations_are_112() -> None:
    listed = [json.loads(line) for line in run("operations").stdout.splitlines()]
    assert len(listed) == sum(COUNTS.values()) == 112
    assert {(row["system"], row["operation"], row["method"], row["path"]) for row in listed} >= {
        ("alloy", "get-a-user", "GET", "/users/{userId}"),
        ("alsid", "api-users-id-roles-put", "PUT", "/api/users/{id}/roles"),
    }
    assert len(run("operations", "smooch").stdout.splitlines()) == 12


def alloy_call(*arguments: str, stdin: bytes | None = None) -> Result:
    return run("call", "alloy", *arguments, stdin=stdin)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alloy") as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        yield sandbox


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_help_page_names_method_path_and_arguments(system: str) -> None:
    for name, operation in load_operations(system).items():
        page = run("call", system, name, "--help")
        assert page.exit_code == 0, page.output
        assert f"{operation.verb} {operation.route}" in " ".join(page.stdout.split())
        for field in get_fields(operation):
            assert f"--{field.name.replace('_', '-')}" in page.stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("get-user", "get-a-user"), ("list-users", "list-all-users"), ("create-user", "create-a-user")],
)
def test_a_typing_error_suggests(typed: str, meant: str) -> None:
    result = alloy_call(typed)
    assert result.exit_code == 2
    assert f"alloy has no operation '{typed}'. Did you mean" in result.stderr
    assert meant in result.stderr
    assert "alloy-async operations alloy" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["get-a-user"], "Missing option --user-id."),
        (["get-a-user", "--userid", "x"], "--user-id"),
        (["get-a-user", "--user-id", ".."], "--user-id is '..', which a URL reads as a step"),
        (["get-workflow-logs", "--workflow-id", "w", "--order", "up"], "'up' is not one of asc, desc"),
        (["get-workflow-logs", "--workflow-id", "w", "--limit", "x"], "Invalid value for '--limit'"),
        (["create-a-user", '{"user": "ada"}'], "there is no member 'user'; did you mean 'username'?"),
        (["create-a-user", "ada"], "it is not JSON"),
        (["create-a-user", "[]"], "expected a JSON object with username, fullName"),
        (["create-a-user", '{"username": 4}'], "username: expected text, got a number"),
        (
            ["create-a-user", '{"username": "a", "username": "b"}'],
            "the member 'username' comes twice in one object",
        ),
        (["create-a-user", '{"username": ' + "[" * 100_000], "it is nested too deeply"),
        (
            ["batch-create-users", '{"users": [{"username": true}]}'],
            "users[0].username: expected text, got true or",
        ),
        (["batch-create-users", "--users", "[1]"], "'--users': [0]: expected an object, got a number"),
        (["get-a-user", "ada"], "arguments of an operation are options, as --user-id VALUE"),
        (["get-workflow-logs", "--workflow-id", "w", "--limit", "1_0"], "'1_0' is not a whole number"),
        (["create-a-user", "--username", "a", '{"username": "b"}'], "--username is given twice"),
        (["create-a-user", "@nowhere.json"], "nowhere.json: cannot be read: No such file"),
        (["list-all-users", "--all", "--include"], "--include is for one answer"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_command_line(arguments: list[str], says: str) -> None:
    result = alloy_call(*arguments, "--sandbox")
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ["alloy", "get-a-user"],
        ["alloy", "no-such-operation"],
        ["aloy", "get-a-user"],
        ["alloy", "create-a-user", "ada"],
        ["alloy", "list-all-users", "--sandbox", "-o", "/no/such/folder"],
        ["alloy", "list-all-users", "--profile", "nobody"],
        ["alloy", "list-all-users", "--burst", "3"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_json_too_where_errors_are(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    result = run("call", *words, "--json-errors")
    assert result.exit_code == 2
    told = json.loads(result.stderr)
    assert (told["effect"], told["attempts"]) == ("none", 0)
    assert told["message"]


def test_a_result_that_cannot_be_written_was_obtained_all_the_same(server: Sandbox) -> None:
    words = ("create-a-user", "--username", "ada", "-o", "/dev/full")
    done = alloy_call(*words, "--json-errors")
    assert done.exit_code == ExitCode.APPLIED
    assert json.loads(done.stderr)["effect"] == "applied"
    assert (
        "could not be written to /dev/full: No space left" in alloy_call(*words[:2], "eve", *words[3:]).stderr
    )
    assert server.ledger.count("create_a_user") == 2


def image_call(source: object, *more: str, stdin: bytes | None = None) -> Result:
    words = ("--user-id", "grace.6@northwind.example", "--role", "appMaker", "--source", source, "--sandbox")
    return run("call", "smooch", "post-image-message", *words, *more, stdin=stdin)


def test_a_file_to_upload_is_a_path_standard_input_or_a_pipe(tmp_path: Path) -> None:
    photo, pipe = tmp_path / "a.png", tmp_path / "pipe"
    photo.write_bytes(b"an image")
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"an image"))
    writer.start()
    sent = [image_call(photo), image_call(f"@{photo}"), image_call("-", stdin=b"an image"), image_call(pipe)]
    writer.join()
    urls = {json.loads(one.stdout)["message"]["mediaUrl"] for one in sent}
    assert len(urls) == 1, "the same bytes"
    assert json.loads(image_call("-", "--dry-run", stdin=b"").stdout)["body"]["source"] == "-"


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_file_that_cannot_be_read_is_refused_also_by_a_dry_run(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    for source, says in ((tmp_path, "Is a directory"), (tmp_path / "no", "No such file or directory")):
        refused = image_call(source, *more)
        assert refused.exit_code == 2
        assert f"{source}: {says}" in refused.stderr


@pytest.mark.parametrize(
    ("body", "stdin"),
    [
        ('{"username": "ada", "fullName": null}', None),
        ("@user.json", None),
        ("-", b'{"username": "ada", "fullName": null}'),
    ],
)
def test_a_body_as_json_as_a_file_and_from_standard_input(
    server: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, stdin: bytes | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "user.json").write_text('{"username": "ada", "fullName": null}')
    shown = alloy_call("create-a-user", body, "--dry-run", stdin=stdin)
    assert json.loads(shown.stdout)["body"] == {"username": "ada", "fullName": None}, "what is null is sent"
    assert len(server.requests) == 0


def test_a_member_that_no_document_knows_is_sent_and_noted(server: Sandbox) -> None:
    result = alloy_call("batch-create-users", '{"users": [{"username": "ada", "fulName": "Ada"}]}')
    assert "Note: users[0].fulName; did you mean 'fullName'?" in result.stderr


def test_a_dry_run_sends_nothing_and_shows_no_secret(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "c4n4ry")
    credential = '{"type": "netsuite", "data": {"tokenSecret": "c4n4ry2"}}'
    shown = alloy_call("create-a-credential", "--user-id", "ada", "--credential", credential, "--dry-run")
    assert shown.exit_code == 0, shown.output
    request = json.loads(shown.stdout)
    assert request["headers"]["Authorization"] == "bearer ***"
    assert request["body"]["credential"]["data"] == {"tokenSecret": "***"}
    assert "c4n4ry" not in shown.output
    assert len(server.requests) == 0


def test_all_pages_and_forms_of_a_list(server: Sandbox) -> None:
    service: Any = server.service
    for number in range(45):
        service.add_user(f"u{number}", "")
    lines = alloy_call("list-all-users", "--all").stdout.splitlines()
    table = alloy_call("list-all-users", "--all", "--format", "table").stdout
    whole = json.loads(alloy_call("list-all-users", "--all", "--format", "json").stdout)
    assert [json.loads(line) for line in lines] == whole
    assert len(whole) == 45 + 8
    assert "username" in table
    assert "u44" in table


def test_status_and_headers_go_to_standard_error(server: Sandbox) -> None:
    result = alloy_call("list-all-users", "--include", "--format", "json")
    assert result.stderr.startswith("HTTP 200\n")
    assert "content-type: application/json" in result.stderr.lower()
    assert json.loads(result.stdout)["data"]


def test_an_export_goes_to_a_file_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    result = run("call", "opendatasoft", "users-export", "--sandbox", "-o", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_text().startswith("username,")
    assert [file.name for file in tmp_path.iterdir()] == ["users.csv"]


def test_half_an_export_is_not_taken_for_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "users.csv"
    path.write_text("of yesterday")
    with Sandbox("opendatasoft") as sandbox:
        monkeypatch.setenv("OPENDATASOFT_BASE_URL", sandbox.url)
        monkeypatch.setenv("OPENDATASOFT_API_KEY", "key")
        sandbox.faults.add(Fault(Truncated(), "users_export", times=None))
        result = run("call", "opendatasoft", "users-export", "-o", path)
        assert sandbox.requests
    assert result.exit_code == ExitCode.APPLIED
    assert path.read_text() == "of yesterday"
    assert [file.name for file in tmp_path.iterdir()] == ["users.csv"]


@pytest.mark.parametrize(
    ("fault", "code", "effect"),
    [
        (Reset(after_effect=True), ExitCode.UNKNOWN, "unknown"),
        (Malformed(), ExitCode.APPLIED, "applied"),
        (Status(400, {"message": "no"}), ExitCode.NOT_DONE, "none"),
    ],
    ids=lambda value: str(value),
)
def test_the_exit_code_tells_the_effect(server: Sandbox, fault: Any, code: ExitCode, effect: str) -> None:
    server.faults.add(Fault(fault, "create_a_user", times=None))
    result = alloy_call("create-a-user", "--username", "ada", "--json-errors")
    assert result.exit_code == code
    assert json.loads(result.stderr)["effect"] == effect
    plain = alloy_call("create-a-user", "--username", "eve")
    assert plain.exit_code == code
    assert plain.stderr.startswith("Error: create_a_user: ")


def test_what_is_not_there_is_another_exit_code(server: Sandbox) -> None:
    result = alloy_call("get-a-user", "--user-id", "nobody")
    assert result.exit_code == ExitCode.INCOMPLETE
    assert "404" in result.stderr
    assert "Check --user-id. Nothing was changed." in result.stderr


def test_the_app_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMOOCH_APP_ID", "of the environment")
    shown = run("call", "smooch", "get-app-user", "--user-id", "ada", "--dry-run")
    assert json.loads(shown.stdout)["url"].endswith("/v1/apps/of%20the%20environment/appusers/ada")


def test_names_with_underscores_and_second_names_are_understood() -> None:
    for name in ("get_a_user", "get-a-user"):
        assert alloy_call(name, "--user-id", "x", "--sandbox").exit_code == ExitCode.INCOMPLETE
    for name in alloy.CONTRACT.twins:
        assert alloy_call(name, "--help").exit_code == 0


def test_a_proxy_of_the_environment_is_named_where_there_is_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    monkeypatch.setenv("ALLOY_BASE_URL", "https://alloy.example")
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{nobody_listens.getsockname()[1]}")
        result = alloy_call("list-all-users", "--deadline", "0.5")
    assert result.exit_code == ExitCode.NOT_DONE
    assert "Check --base-url, HTTPS_PROXY and your network. Nothing was changed." in result.stderr
