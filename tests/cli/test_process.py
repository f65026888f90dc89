"""The command line as a process of its own: start, signals, exit codes, what it imports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from alloy_async import __version__
from alloy_async.sandbox import Fault, Hang, Sandbox

COMMAND = [sys.executable, "-c", "from alloy_async.cli import main; main()"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@contextmanager
def started(*arguments: str, url: str = "") -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "ALLOY_API_KEY": "key", "ALLOY_BASE_URL": url, "PYTHONUTF8": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(*arguments: str) -> tuple[int, str, str]:
    with started(*arguments) as process:
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


def python(code: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_version() -> None:
    assert run("--version") == (0, f"alloy-async {__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["provision", "--help"], ["sandbox", "-h"], []])
def test_help_does_not_load_the_network(arguments: list[str]) -> None:
    code, out = python(
        "import sys; from alloy_async.cli import main\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try: main()\n"
        "finally: print(sorted({'aiohttp', 'cattrs', 'rich.progress'} & set(sys.modules)))"
    )
    assert "Usage: alloy-async" in out
    assert "[]\n" in out
    assert code == (0 if arguments else 2)


def test_without_its_extra_it_says_what_to_install() -> None:
    code, out = python("import sys; sys.modules['rich'] = None; from alloy_async.cli import main; main()")
    assert code == 2
    assert "needs rich" in out
    assert "pip install 'alloy-async[cli]'" in out


def test_usage_errors_exit_with_2(tmp_path: Path) -> None:
    assert run("provision")[0] == 2
    assert run("provision", str(tmp_path / "none.csv"), "--to", "nowhere")[0] == 2
    code, _, err = run("provision", str(tmp_path / "none.csv"), "--to", "alloy", "--sandbox")
    assert (code, err) == (
        2,
        f"Error: {tmp_path}/none.csv: cannot be read: No such file or directory\n",
    )


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("username\n" + "".join(f"user{n}\n" for n in range(6_000)))
    return path


def until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if words in line:
            return seen
    raise AssertionError(seen)


def number(name: str, text: str) -> int:
    found = re.search(rf"^{name}: (\d+)$", text, re.M)
    assert found, text
    return int(found[1])


@posix
def test_ctrl_c_finishes_what_is_on_its_way(many: Path) -> None:
    with Sandbox("alloy", latency=1) as server:
        arguments = ["provision", str(many), "--to", "alloy", "--concurrency", "1"]
        with started(*arguments, url=server.url) as process:
            until(process, "rows checked")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        assert process.returncode == 130
        assert "Stopping: what is on its way is finished; Ctrl-C again cuts it off." in err
        assert "The job ended early: interrupted" in out
        assert number("created", out) == len(server.ledger)
        assert 0 < number("not sent", out) == 6_000 - len(server.ledger)
        server.latency = 0
        with started("resume", str(many.with_suffix(".job")), url=server.url) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert number("created", out) == len(server.ledger) == 6_000


@posix
def test_a_second_ctrl_c_cuts_off(many: Path) -> None:
    with Sandbox("alloy") as server:
        server.faults.add(Fault(Hang(), "batch_create_users", nth=2, times=None))
        with started("provision", str(many), "--to", "alloy", url=server.url) as process:
            until(process, "rows checked")
            deadline = time.monotonic() + 120
            while len(server.requests) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            until(process, "Stopping")
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
        assert process.returncode == 130
        assert "Cut off: 1,000 rows have their outcome; those on their way may be in or not. Resume" in err
        assert "Traceback" not in err
        server.faults.clear()
        with started("resume", str(many.with_suffix(".job")), url=server.url) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert number("created", out) == len(server.ledger) == 6_000


@posix
@pytest.mark.parametrize("command", ["apply", "resume"])
@pytest.mark.parametrize("progress", ["auto", "json"])
def test_ctrl_c_before_the_first_answer_of_a_job_that_was_checked_before(
    many: Path, command: str, progress: str
) -> None:
    """Nothing is checked any more, so the first request leaves unannounced; the first Ctrl-C still waits for it."""
    job = many.with_suffix(".job")
    with Sandbox("alloy", latency=1) as server:
        if command == "apply":
            with started("plan", str(many), "--to", "alloy", url=server.url) as process:
                _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
        else:
            arguments = ["provision", str(many), "--to", "alloy", "--concurrency", "1"]
            with started(*arguments, url=server.url) as process:
                until(process, "rows checked")
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=120)
            assert process.returncode == 130
        sent = len(server.requests)
        server.faults.add(Fault(Hang(), "batch_create_users", times=None))
        with started(command, str(job), "--progress", progress, url=server.url) as process:
            deadline = time.monotonic() + 120
            while len(server.requests) == sent and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(server.requests) > sent
            process.send_signal(signal.SIGINT)
            until(process, "Stopping: what is on its way is finished")
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
        assert process.returncode == 130
        assert "Cut off: rows on their way may be in or not. Resume the job" in err
        assert "nothing was sent" not in err


@posix
@pytest.mark.parametrize("module", ["alloy_async.cli.app", "alloy_async.cli.output.safe_console"])
def test_ctrl_c_while_the_command_is_being_loaded(many: Path, module: str) -> None:
    """It was a traceback, or exit code 1."""
    code, out = python(
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from alloy_async.cli import main\n"
        f"sys.argv[1:] = ['provision', {str(many)!r}, '--to', 'alloy', '--sandbox']\n"
        "main()"
    )
    assert (code, out) == (130, "Interrupted.\n")


@posix
def test_the_sandbox_serves_until_ctrl_c() -> None:
    with started("sandbox", "alloy", "--port", "0") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        url = lines[2].strip().removeprefix("export ALLOY_BASE_URL=")
        request = Request(f"{url}/users", headers={"Authorization": "bearer key"})
        with urlopen(request, timeout=60) as answer:
            assert b"ada.0@northwind.example" in answer.read()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "\nStopped.\n")


def test_a_port_in_use() -> None:
    with Sandbox("alloy") as server:
        port = server.url.split(":")[2].split("/")[0]
        code, _, err = run("sandbox", "alloy", "--port", port)
    assert code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in err
    assert "try another --port" in err


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_other_signals_end_as_gracefully(many: Path, name: str) -> None:
    with Sandbox("alloy", latency=1) as server:
        arguments = ["provision", str(many), "--to", "alloy", "--concurrency", "1"]
        with started(*arguments, url=server.url) as process:
            until(process, "rows checked")
            process.send_signal(getattr(signal, name))
            out, _ = process.communicate(timeout=120)
        assert process.returncode == 130
        assert number("created", out) == len(server.ledger)
        assert number("not sent", out) > 0


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("command", ["call alloy list-all-users --output", "sandbox alloy --port 0"])
def test_a_signal_leaves_nothing_half_written(tmp_path: Path, name: str, command: str) -> None:
    words, out = command.split(), tmp_path / "users.json"
    out.write_text("of before")
    with Sandbox("alloy") as server:
        server.faults.add(Fault(Hang(), "list_all_users", times=None))
        serves = words[0] == "sandbox"
        with started(*words, *([] if serves else [str(out)]), url=server.url) as process:
            if serves:
                assert process.stdout is not None
                process.stdout.readline()
            while process.poll() is None and not serves and not server.requests:
                time.sleep(0.01)
            assert serves or [*tmp_path.glob(".*.part")]
            process.send_signal(getattr(signal, name))
            _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (0 if serves else 130, False)
    assert [path.name for path in tmp_path.iterdir()] == ["users.json"]
    assert out.read_text() == "of before"


@posix
def test_a_terminal_that_hangs_up_does_not_break_a_job(many: Path) -> None:
    mine, its = os.openpty()
    with Sandbox("alloy", latency=1) as server:
        environment = {"ALLOY_API_KEY": "key", "ALLOY_BASE_URL": server.url, "TERM": "dumb"}
        process = subprocess.Popen(
            [*COMMAND, "provision", str(many), "--to", "alloy", "--concurrency", "1"],
            stdin=its,
            stdout=its,
            stderr=its,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        os.close(its)
        try:
            seen = b""
            while b"rows checked" not in seen:
                seen += os.read(mine, 65536)
            os.close(mine)
            process.send_signal(signal.SIGHUP)
            assert process.wait(60) == 130
        finally:
            process.kill()
            process.wait()
        with started("status", str(many.with_suffix(".job")), "--json") as status:
            out, _ = status.communicate(timeout=120)
    assert json.loads(out)["state"] == "stopped"


PROVISION = "provision users.csv --to alloy --sandbox --job again.job"
CODES = {
    PROVISION: 1,
    "report users.job": 1,
    "status users.job": 0,
    "lint users.csv --to alloy": 1,
    "operations alloy": 0,
    "provision --many tenants.toml --sandbox": 1,
    "--help": 0,
}


@posix
@pytest.mark.parametrize(
    ("output", "words"),
    [
        *((output, words) for output in (">&- 2>&-", ">/dev/full") for words in CODES),
        *((output, words) for output in (">&-", "2>&-") for words in (PROVISION, "report users.job")),
    ],
)
def test_an_output_that_takes_nothing(tmp_path: Path, output: str, words: str) -> None:
    code = CODES[words]
    if output == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("no such device")
    (tmp_path / "users.csv").write_text("username,full_name\nada,Ada\n,Nameless\n")
    (tmp_path / "tenants.toml").write_text('system = "alloy"\nfile = "users.csv"\n[tenants.acme]\n')
    program = "from alloy_async.cli import main; main()"
    script = f'alloy-async() {{ "{sys.executable}" -c "{program}" "$@"; }}\n'
    first = "alloy-async provision users.csv --to alloy --sandbox >first.txt 2>&1\n"
    done = subprocess.run(
        ["bash", "-c", f"{script}{first if 'users.job' in words else ''}alloy-async {words} {output}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    if output == ">/dev/full":
        assert done.returncode in (code, 2), done.stderr
        assert done.stderr.count("No space left on device") == 1, done.stderr
    else:
        assert done.returncode == code, done.stderr
