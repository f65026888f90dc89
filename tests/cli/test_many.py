"""`--many`: one command for all tenants of a table; each mistake is told with the tenant's name, before anything is sent."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from alloy_async.cli.app import app
from alloy_async.cli.tenants.error_messages import describe_tenant_error, translate_to_keys
from alloy_async.cli.tenants.job_register import JobRegister
from alloy_async.cli.tenants.progress import TenantsProgress
from alloy_async.core.errors import Unauthorized
from alloy_async.provisioning import Checked, Checking, Counts, Progress, TenantResult, Waiting
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from alloy_async.sandbox import Fault, Hang, Sandbox, Status

NAMES = ("acme", "globex", "initech")
TOP = 'system = "alloy"\nfile = "{name}.csv"\ncredential = { env = "{NAME}_KEY" }\n'


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write_users(folder: Path, name: str, number: int = 3) -> Path:
    path = folder / f"{name}.csv"
    path.write_text("username,full_name\n" + "".join(f"{name}{n},User {n}\n" for n in range(number)))
    return path


class World:
    """Three tenants, each with a sandbox of Alloy, a key-of-its own, and a file of users."""

    def __init__(self, folder: Path, sandboxes: dict[str, Sandbox]) -> None:
        self.folder = folder
        self.sandboxes = sandboxes
        self.table = folder / "tenants.toml"
        for name in NAMES:
            write_users(folder, name)
        self.write()

    def write(self, top: str = TOP, **more: str) -> None:
        tables = [
            f'[tenants.{name}]\nbase_url = "{sandbox.url}"\n{more.get(name, "")}\n'
            for name, sandbox in self.sandboxes.items()
        ]
        self.table.write_text("\n".join([top, *tables]))

    @property
    def jobs(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.job"))

    @property
    def sent(self) -> int:
        return sum(len(sandbox.requests) for sandbox in self.sandboxes.values())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("ALLOY_API_KEY", "ALLOY_BASE_URL", "ALLOY_ASYNC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALLOY_ASYNC_PROFILES", str(tmp_path / "profiles.toml"))
    with ExitStack() as stack:
        sandboxes = {}
        for name in NAMES:
            monkeypatch.setenv(f"{name.upper()}_KEY", f"key-of-{name}")
            sandboxes[name] = stack.enter_context(Sandbox("alloy", keys=[f"key-of-{name}"], seed_users=0))
        yield World(tmp_path, sandboxes)


def test_all_tenants_are_provisioned_reported_and_undone(world: World) -> None:
    result = run("provision", "--many", world.table)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[:3] == ["acme: 3 created", "globex: 3 created", "initech: 3 created"]
    assert lines[3].startswith("3 tenants: 3 done; 9 created; ")
    assert world.jobs == ["acme.job", "globex.job", "initech.job"]
    for sandbox in world.sandboxes.values():
        assert sandbox.ledger.count(what="created") == 3

    assert run("status", "--many", world.table).stdout.splitlines()[0] == "acme: done, 3 created"
    report = run("report", "--many", world.table)
    assert report.exit_code == 0
    assert f"globex: done: 3 created; {world.folder / 'globex.job'}" in report.stdout
    undone = run("undo", "--many", world.table, "--only", "acme")
    assert (undone.exit_code, undone.stdout.splitlines()[0]) == (0, "acme: 3 deleted")
    assert run("status", "--many", world.table).stdout.splitlines()[:2] == [
        "acme: undone, 3 deleted",
        "globex: done, 3 created",
    ]


def test_plans_are_read_and_applied(world: World) -> None:
    plan = run("plan", "--many", world.table, "--detailed-exitcode")
    assert plan.exit_code == 5
    assert plan.stdout.splitlines()[0] == "acme: 3 to create"
    assert f"To carry it out:  alloy-async apply --many {world.table}" in plan.stdout
    again = run("plan", "--many", world.table)
    assert again.exit_code == 2
    assert "acme.job: is a plan of this tenant that waits (planned); apply it, or delete it" in again.stdout
    assert run("apply", "--many", world.table).exit_code == 0
    assert [sandbox.ledger.count(what="created") for sandbox in world.sandboxes.values()] == [3, 3, 3]


def test_night_after_night_each_run_has_jobs_of_its_own(world: World) -> None:
    for _ in range(3):
        assert run("provision", "--many", world.table).exit_code == 0
    assert world.jobs[:3] == ["acme.2.job", "acme.3.job", "acme.job"]
    assert "acme.3.job" in run("report", "--many", world.table).stdout
    kept = json.loads((world.folder / "tenants.jobs.json").read_text())
    assert kept["jobs"]["acme"] == {"job": "acme.3.job", "by": "provision"}


def test_the_worst_decides_the_exit_code_and_nobody_waits_for_it(world: World) -> None:
    world.sandboxes["globex"].keys = {"another key"}
    (world.folder / "initech.csv").write_text("username\nada\nada\n")
    result = run("provision", "--many", world.table, "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == data["exit_code"] == 2
    assert {name: one["exit_code"] for name, one in data["tenants"].items()} == {
        "acme": 0,
        "globex": 2,
        "initech": 1,
    }
    assert data["tenants"]["globex"]["error"].startswith("batch_create_users: 401 Unauthorized")
    assert "the credential was refused: look at where the table" in data["tenants"]["globex"]["error"]
    assert data["tenants"]["initech"]["failed_file"] == str(world.folder / "initech.failed.csv")
    assert data["tenants"]["acme"]["report"]["counts"]["created"] == 3
    assert not data["complete"]
    assert data["counts"]["created"] == 4
    # the key is put right, and resume begins whom it kept out
    world.sandboxes["globex"].keys = {"key-of-globex"}
    result = run("resume", "--many", world.table)
    assert result.exit_code == 1  # initech's bad row is as bad as before
    assert "globex: 3 created" in result.stdout


def test_an_outage_of_one_is_its_own(world: World) -> None:
    world.sandboxes["acme"].faults.add(Fault(Status(503), "batch_create_users", times=None))
    result = run("provision", "--many", world.table)
    assert result.exit_code == 1
    assert "globex: 3 created" in result.stdout
    assert "initech: 3 created" in result.stdout


@pytest.mark.parametrize(
    ("top", "acme", "message"),
    [
        ("", "", 'acme: file is missing; write file = "users.csv"'),
        (
            'file = "{name}.csv"',
            "",
            'acme: whose account it is is missing; write profile = "NAME", or system',
        ),
        (TOP, 'file = "none.csv"', "none.csv: cannot be read: No such file or directory"),
        (TOP, 'credential = { env = "NO_SUCH" }', "acme: the environment variable NO_SUCH is not set"),
        (TOP, 'credential = "s3cret"', "acme: credential says where the credential is kept, not what it is"),
        (TOP, 'credential = { key = "s3cret" }', "acme: credential must say where the credential is kept"),
        (TOP, 'api_key = "s3cret"', "acme: there is no key 'api_key': say where the credential is kept"),
        (TOP, 'profile = "nobody"', "acme: "),
        (
            TOP,
            'profile = "a"\ncredential = { env = "A" }',
            "acme: profile says whose account it is; leave out",
        ),
        (TOP, 'mod = "sync"', "acme: there is no key 'mod'; did you mean 'mode'?"),
        (TOP, 'mode = "upset"', "acme: mode is one of create, upsert, sync, offboard"),
        (
            TOP,
            'mode = "sync"',
            "acme: mode sync removes users: allow it with the share that may go, as allow_delete",
        ),
        (TOP, "allow_delete = 5", "acme: allow_delete is the share that may be removed, between 0 and 1"),
        (TOP, "rate = 0", "acme: rate is requests a second, above 0"),
        (TOP, "burst = 2", "acme: burst needs rate"),
        (TOP, "concurrency = 100", "acme: concurrency is a number of calls in flight, between 1 and 64"),
        (TOP, 'org_id = "x"', "acme: there is no key 'org_id': write place = { org_id = \"...\" }"),
        (TOP, 'map = { Mail = "mail" }', "acme: there is no field 'mail'"),
        (TOP, 'set = { password = "s3cret" }', "acme: set.password is secret: say where it is kept"),
        (TOP, 'delimiter = ";;"', 'acme: delimiter is one character, as ";"'),
        (
            TOP,
            'job = "globex.job"',
            "its job {folder}/globex.job is that of acme too; give each a job of its own",
        ),
        (TOP, 'system = "aloy"', "acme: there is no system 'aloy'; did you mean 'alloy'?"),
        (
            TOP,
            "[tenants.acme.eu]",
            "acme: there is no key 'eu'; a name with a dot is quoted: [tenants.\"acme.eu\"]",
        ),
        (TOP + "[acme]\n", "", "for all: there is no key 'acme'; a tenant is written [tenants.acme]"),
        (
            TOP + "alow_empty = true\n",
            "",
            "for all: there is no key 'alow_empty'; did you mean 'allow_empty'?",
        ),
        (TOP, 'encoding = "no-such"', "acme: "),
    ],
)
def test_mistakes_of_the_table(world: World, top: str, acme: str, message: str) -> None:
    world.write(top, acme=acme)
    result = run("provision", "--many", world.table)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"Error: {world.table}: ")
    assert "nothing was sent:" in result.stderr.splitlines()[0]
    assert (
        message.format(folder=world.folder) in result.stderr
        if "{folder}" in message
        else message in result.stderr
    )
    assert "s3cret" not in result.output
    assert "Traceback" not in result.output
    assert (world.sent, world.jobs) == (0, [])
    assert not (world.folder / "tenants.jobs.json").exists()


def test_all_mistakes_are_told_at_once(world: World) -> None:
    world.write(acme='mode = "upset"', globex="rate = 0", initech="rows = 3")
    result = run("provision", "--many", world.table)
    assert result.stderr.startswith(f"Error: {world.table}: 3 mistakes; nothing was sent:\n")
    assert [line.split(":")[1] for line in result.stderr.splitlines()[1:]] == [
        " acme",
        " globex",
        " initech",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no tenant; write [tenants.NAME] for each"),
        ("tenants = 3", "there is no tenant; write [tenants.NAME] for each"),
        ("[tenants.acme", "this is not a TOML file"),
        (
            "[tenants.acme]\n[tenants.acme]\n",
            "line 2: there are two tenants 'acme'; give each a name of its own",
        ),
        ("[tenants]\nacme = 3", "acme: is not a table; write [tenants.acme] above its keys"),
        ('[tenants."a/b"]', "a/b: a name is made of letters, digits, '-', '_' and '.'"),
    ],
)
def test_what_is_not_a_table(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "tenants.toml"
    path.write_text(text)
    for command in ("provision", "status", "report"):
        result = run(command, "--many", path)
        assert result.exit_code == 2
        assert message in result.stderr


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    result = run("provision", "--many", tmp_path / "none.toml")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {tmp_path / 'none.toml'}: the table cannot be read: No such file or directory\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["provision", "users.csv"], "give either FILE, or --many with a table of tenants"),
        (["resume", "users.job"], "give either JOB, or --many with a table of tenants"),
        (["provision", "--mode", "sync"], "with --many, --mode is said in the table: mode = ..."),
        (["provision", "--map", "a=email"], "with --many, --map is said in the table: map = ..."),
        (["provision", "--to", "alloy"], "with --many, --to is said in the table: system"),
        (["provision", "--rate", "5"], "with --many, --rate is said in the table: rate = ..."),
        (
            ["provision", "--api-key-file", "x"],
            "with --many, --api-key-file is said in the table: credential",
        ),
        (["provision", "--failed", "x"], "with --many, those of each tenant go beside its job"),
        (["provision", "--on", "local:2"], "--on shares one job among workers"),
        (["report", "--format", "csv"], "--format csv is of one job"),
        (["report", "--format", "html"], "--format html needs -o"),
    ],
)
def test_options_that_are_a_tenants_own(world: World, arguments: list[str], message: str) -> None:
    result = run(*arguments, "--many", world.table)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", ["plan", "apply", "resume", "undo", "status", "report"])
def test_without_a_table_the_argument_is_needed(command: str) -> None:
    name = "FILE" if command == "plan" else "JOB"
    result = run(command, *(["--to", "alloy"] if command == "plan" else []))
    assert result.exit_code == 2
    assert f"Missing argument '{name}'" in result.stderr


def test_only_goes_with_a_table(world: World) -> None:
    result = run("provision", "users.csv", "--to", "alloy", "--only", "acme")
    assert (result.exit_code, "--only and --at-once go with --many" in result.stderr) == (2, True)
    result = run("provision", "--many", world.table, "--only", "acne")
    assert result.exit_code == 2
    assert "there is no tenant 'acne'; did you mean 'acme'?" in result.stderr


def test_the_same_account_in_modes_that_do_not_go_together(world: World) -> None:
    url = world.sandboxes["acme"].url
    same = 'credential = { env = "ACME_KEY" }\nmode = "sync"\nallow_delete = 1\n'
    world.table.write_text(
        f'{TOP}base_url = "{url}"\n[tenants.acme]\n[tenants.more]\nfile = "globex.csv"\n{same}'
    )
    result = run("provision", "--many", world.table)
    assert result.exit_code == 2
    assert (
        "more: its account is that of acme, and mode sync does not go with mode create there" in result.stderr
    )
    assert world.sent == 0


def test_profiles_name_accounts(world: World) -> None:
    (world.folder / "profiles.toml").write_text(
        "".join(
            f'[{name}]\nsystem = "alloy"\nbase_url = "{sandbox.url}"\ncredential = {{ env = "{name.upper()}_KEY" }}\n'
            for name, sandbox in world.sandboxes.items()
        )
    )
    world.table.write_text(
        'profile = "{name}"\nfile = "{name}.csv"\njob = "jobs/{name}.job"\n[tenants.acme]\n[tenants.globex]\n'
    )
    (world.folder / "jobs").mkdir()
    result = run("provision", "--many", world.table)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (world.folder / "jobs").iterdir()) == ["acme.job", "globex.job"]
    # each job is one like all others: it knows its profile
    assert run("undo", world.folder / "jobs" / "acme.job").exit_code == 0


def test_reading_options_and_constants(world: World) -> None:
    (world.folder / "acme.csv").write_text("Login;Kommentar\nada;x\n", encoding="cp1252")
    world.write(
        acme='map = { Login = "username" }\nset = { full_name = "Same Name" }\ndelimiter = ";"\nencoding = "cp1252"'
    )
    result = run("provision", "--many", world.table, "--only", "acme")
    assert result.exit_code == 0, result.output
    assert "not sent, as there is no place for them: Kommentar" in result.stdout
    assert world.sandboxes["acme"].ledger.count(what="created") == 1


def test_sandboxes_need_no_credential(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(f"{name.upper()}_KEY")
    result = run("provision", "--many", world.table, "--sandbox")
    assert result.exit_code == 0, result.output
    assert world.sent == 0
    assert "resume" not in result.stdout


def test_progress_as_json(world: World) -> None:
    result = run("provision", "--many", world.table, "--progress", "json")
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert {event["tenant"] for event in events} == set(NAMES)
    ends = [event for event in events if event["event"] == "ended"]
    assert len(ends) == 3
    assert all(event["complete"] and event["counts"]["created"] == 3 for event in ends)
    assert "checked" in {event["event"] for event in events}


def test_reports_of_all(world: World) -> None:
    (world.folder / "acme.csv").write_text("username\nada\nada\n")
    run("provision", "--many", world.table, "--only", "acme", "--only", "globex")
    text = run("report", "--many", world.table)
    assert text.exit_code == 1
    assert "  1 invalid: username: … is on line … already" in text.stdout
    assert "initech: not begun" in text.stdout
    data = json.loads(run("report", "--many", world.table, "--format", "json").stdout)
    assert data["initech"] == {"state": "not begun"}
    assert data["acme"]["unresolved_rows"][0]["key"] == "ada"
    page = world.folder / "out" / "page.html"
    page.parent.mkdir()
    assert run("report", "--many", world.table, "--format", "html", "-o", page).exit_code == 1
    assert sorted(path.name for path in page.parent.iterdir()) == ["acme.html", "globex.html", "page.html"]
    assert 'href="acme.html"' in page.read_text()
    status = json.loads(run("status", "--many", world.table, "--json").stdout)
    assert status["initech"] == {"state": "not begun", "error": None}
    assert status["globex"]["counts"]["created"] == 3


def test_an_index_that_cannot_be_read(world: World) -> None:
    (world.folder / "tenants.jobs.json").write_text("[1]")
    result = run("provision", "--many", world.table)
    assert result.exit_code == 2
    assert "cannot be read as the list of this table's jobs" in result.stderr
    assert world.sent == 0


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "alloy_async", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_in_order_and_resume_goes_on(world: World, how: signal.Signals) -> None:
    for name, sandbox in world.sandboxes.items():
        write_users(world.folder, name, 4000)
        sandbox.latency = 1
    arguments = ["--many", world.table, "--at-once", "2", "--concurrency", "1"]
    with started("provision", *arguments) as process:
        give_up = time.monotonic() + 120
        while not sum(sandbox.ledger.count(what="created") for sandbox in world.sandboxes.values()):
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.01)
        process.send_signal(how)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Stopping: what is on its way is finished" in err
    assert "initech: not begun" in out
    assert f"To go on:  alloy-async resume --many {world.table}" in out
    for sandbox in world.sandboxes.values():
        sandbox.latency = 0
    with started("resume", *arguments) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    for name, sandbox in world.sandboxes.items():
        assert f"{name}: 4,000 created" in out
        assert sandbox.ledger.count(what="created") == 4000


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_second_signal_cuts_all_off_and_leaves_in_doubt_what_had_left(world: World) -> None:
    for name, sandbox in world.sandboxes.items():
        write_users(world.folder, name, 4000)
        sandbox.faults.add(Fault(Hang(), "batch_create_users", nth=2, times=None))
    arguments = ["--many", world.table, "--concurrency", "2"]
    with started("provision", *arguments) as process:
        give_up = time.monotonic() + 120
        while any(len(sandbox.requests) < 3 for sandbox in world.sandboxes.values()):
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while "Stopping" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Cut off: rows on their way may be in or not." in err
    for name, sandbox in world.sandboxes.items():
        sandbox.faults.clear()
        with open_store_for_reading(world.folder / f"{name}.job") as store:
            counts = store.count_outcomes("apply")
        assert counts["created"] == 1000
        assert 0 < counts["intended"] <= 2000
        assert counts["planned"] == 3000 - counts["intended"]
    with started("resume", *arguments) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert all(sandbox.ledger.count(what="created") == 4000 for sandbox in world.sandboxes.values())


class Screen:
    """A console of a given kind, and what is on it."""

    def __init__(self, *, terminal: bool) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file,
            force_terminal=terminal,
            width=100,
            height=12,
            color_system=None,
            legacy_windows=False,
        )


def test_a_terminal_shows_one_table() -> None:
    screen = Screen(terminal=True)
    names = [f"t{n}" for n in range(40)]
    with TenantsProgress(screen.console, names) as progress:
        progress("t7", Checking(500))
        progress("t8", Checked(1000, 1, 0, (), ()))
        progress("t8", Progress(Counts(created=500, planned=500), 1000))
        progress("t8", Waiting("call", "503 busy", 12.0))
        progress("t9", TenantResult(name="t9", error=Unauthorized("401: no")))
    last = screen.file.getvalue().rpartition("not in")[2]
    assert "t8       sending" in last
    assert "500 of 1,000" in last
    assert "waits 12 s: 503 busy" in last
    assert "t7       checking" in last
    assert "t9       failed" in last
    assert "40 tenants: 2 running, 37 waiting, 1 failed; 500 created" in last
    assert "t39" not in last  # no more than fit


def test_elsewhere_a_line_now_and_then_and_each_end() -> None:
    screen, now = Screen(terminal=False), 0.0
    with TenantsProgress(screen.console, ["a", "b"], clock=lambda: now) as progress:
        progress("a", Checked(12, 0, 0, (), ()))
        for second in range(12):
            now = float(second)
            progress("a", Progress(Counts(created=second), 12))
        progress("a", TenantResult(name="a", error=Unauthorized("401: no")))
    lines = screen.file.getvalue().splitlines()
    assert lines[:2] == [
        "2 tenants: 1 running, 1 waiting; 5 created (1 rows/s)",
        "2 tenants: 1 running, 1 waiting; 10 created (1 rows/s)",
    ]
    assert lines[-1].startswith("a: 11 created; then: 401: no; the credential was refused")


def test_the_speed_is_that_of_this_run() -> None:
    screen, now = Screen(terminal=False), 0.0
    with TenantsProgress(screen.console, ["a"], clock=lambda: now) as progress:
        progress("a", Progress(Counts(created=1000, planned=100), 1100))  # an earlier run had got so far
        now = 10.0
        progress("a", Progress(Counts(created=1050, planned=50), 1100))
    assert screen.file.getvalue() == "1 tenant: 1 running; 1,050 created (5 rows/s)\n"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("give --encoding cp1252, or save it", 'give encoding = "cp1252", or save it'),
        ("allow the share: --allow-delete 0.07", "allow the share: allow_delete = 0.07"),
        ("leave out --sheet", "leave out sheet"),
        ("say --send-again", "say --send-again"),
        ("--base-url must start", "base_url must start"),
    ],
)
def test_errors_are_in_the_words_of_the_table(message: str, expected: str) -> None:
    assert translate_to_keys(message) == expected


def test_an_error_that_nobody_expected_is_named() -> None:
    assert describe_tenant_error(ZeroDivisionError("by zero")) == "ZeroDivisionError: by zero"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_signal_before_the_first_answer_of_plans_waits_for_what_is_on_its_way(world: World) -> None:
    assert run("plan", "--many", world.table).exit_code == 0
    for sandbox in world.sandboxes.values():
        sandbox.requests.clear()
        sandbox.faults.add(Fault(Hang(), "batch_create_users", times=None))
    with started("apply", "--many", world.table) as process:
        give_up = time.monotonic() + 120
        while not world.sent:
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Stopping: what is on its way is finished" in next(iter(process.stderr))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Cut off: rows on their way may be in or not." in err
    assert "nothing was sent" not in err


def test_jobs_of_a_sandbox_say_that_it_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("provision", "--many", world.table, "--sandbox").exit_code == 0
    result = run("undo", "--many", world.table)
    assert result.exit_code == 2
    for name in world.sandboxes:
        assert f"{name}: not done" in result.stderr
    assert result.stderr.count("the sandbox ended with that run: there is nothing to go on with") == len(
        world.sandboxes
    )
    assert world.sent == 0


def test_runs_of_other_tenants_of_a_table_keep_their_places_in_the_list_of_jobs(tmp_path: Path) -> None:
    """As of processes that each work on some tenants: the last one to write used to forget the jobs of the others."""
    table, names = tmp_path / "tenants.toml", [f"t{number}" for number in range(40)]
    table.touch()
    registers = {name: JobRegister(table) for name in names}

    def begin(name: str) -> None:
        registers[name].choose_new_place(name, None, "provision")
        registers[name].save()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(begin, names))
    assert set(json.loads(registers["t0"].path.read_text())["jobs"]) == set(names)
    registers["t3"].write_back_as_found()
    assert set(json.loads(registers["t0"].path.read_text())["jobs"]) == {*names} - {"t3"}
