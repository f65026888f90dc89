"""What reaches a terminal or a pipe: nothing that steers it, any encoding, and no complaint when the reader leaves."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alloy_async.cli.app import app
from alloy_async.cli.error_messages import translate_to_options
from alloy_async.cli.output.safe_console import create_console
from alloy_async.cli.output.safe_text import clean_line, clean_text
from alloy_async.sandbox import Sandbox

COMMAND = [sys.executable, "-c", "from alloy_async.cli import main; main()"]
STEERING = "\x1b]0;title\x07\x1b[2J \x9b31m \u202egpj.exe\u2066 \x07\x08\r:smile: [red]bold[/red]"


def steers(text: str) -> bool:
    return any(not char.isprintable() and char not in "\n\u200c\u200d\u00a0\t" for char in text)


@given(st.text())
def test_cleaned_text_cannot_steer_a_terminal(text: str) -> None:
    assert not steers(clean_text(text))
    assert len(clean_text(text)) == len(text)
    assert "\n" not in clean_line(text)


def test_ordinary_text_of_any_script_stays() -> None:
    text = "Zoë Žižek 李小龙 می\u200cخواهم 👩\u200d🚀 naïve\u00a0text"
    assert clean_text(text) == text


def test_a_console_cleans_text_wherever_it_stands() -> None:
    file = io.StringIO()
    console: Console = create_console(file=file)
    table = Table("head " + STEERING, title=Text(STEERING))
    table.add_row(Text(STEERING))
    for shown in (STEERING, Text(STEERING), table):
        console.print(shown, soft_wrap=True)
    assert not steers(file.getvalue())
    assert ":smile: [red]bold[/red]" in file.getvalue(), "neither emoji codes nor markup"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("allow it with allow_delete=0.05", "allow it with --allow-delete 0.05"),
        (
            "say job=postgresql://host/jobs#june, with on=local:4.",
            "say --job postgresql://host/jobs#june, with --on local:4.",
        ),
        ("set shard_rows=100; resume", "set --shard-rows 100; resume"),
        ("give its place (job=)", "give its place (--job)"),
        ("base_url must start with https://", "--base-url must start with https://"),
        ("no credential: give api_key= or set X", "no credential: give --api-key-file or set X"),
        ("concurrency must be 1 or more", "concurrency must be 1 or more"),
        ("the job is done", "the job is done"),
    ],
)
def test_messages_speak_of_options(message: str, words: str) -> None:
    assert translate_to_options(message) == words


# Jobs, as processes


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a job whose keys and columns are full of what no terminal should get."""
    folder = tmp_path_factory.mktemp("ended")
    source = folder / "users.csv"
    rows = "".join(f"Ada{n} Quíst\x1b[2J\u202e,x\n" for n in range(400))
    source.write_text(f"username,no\x1b[31mte\n{rows},x\n", encoding="utf-8")
    with Sandbox("alloy") as sandbox:
        environment = {"ALLOY_BASE_URL": sandbox.url, "ALLOY_API_KEY": "key"}
        done = run(["provision", source.name, "--to", "alloy"], environment, folder)
    assert done.returncode == 1, done.stderr
    assert not steers((done.stdout + done.stderr).decode())
    return folder


@pytest.fixture
def job(ended: Path, tmp_path: Path) -> Path:
    """A copy of that job, with its source."""
    shutil.copytree(ended, tmp_path, dirs_exist_ok=True)
    return tmp_path / "users.job"


def run(
    arguments: list[str], environment: dict[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, env={**os.environ, **environment}, cwd=folder
    )


COMMANDS = [
    "report JOB",
    "report JOB --format json",
    "report JOB --format csv",
    "report JOB --format html",
    "status JOB",
    "plan SOURCE --to alloy --job OTHER",
    "users list --in alloy --sandbox",
    "lint SOURCE --to alloy",
    "call alloy list-all-users --sandbox --format table",
]


@pytest.mark.parametrize(
    ("encoding", "command"),
    [
        ("ascii", COMMANDS[0]),
        *((encoding, command) for encoding in ("cp1252", "utf-8") for command in COMMANDS),
    ],
)
def test_an_output_of_any_encoding(job: Path, tmp_path: Path, encoding: str, command: str) -> None:
    places = {"JOB": str(job), "SOURCE": str(job.with_suffix(".csv")), "OTHER": str(tmp_path / "other.job")}
    words = [places.get(word, word) for word in command.split()]
    environment = {"PYTHONIOENCODING": encoding, "ALLOY_API_KEY": "key", "PYTHONUTF8": "0"}
    with Sandbox("alloy") as sandbox:
        done = run(words, {**environment, "ALLOY_BASE_URL": sandbox.url})
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1)
    text = done.stdout.decode("utf-8" if "html" in words or "csv" in words else encoding)
    assert text
    if "csv" not in words:  # the source's own rows, for feeding back
        assert not steers(text)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
@pytest.mark.parametrize(
    "words",
    [["report", "JOB", "--format", "csv"], ["report", "JOB"], ["operations"], ["call", "alloy", "--help"]],
)
def test_whoever_reads_may_leave(job: Path, words: list[str]) -> None:
    words = [str(job) if word == "JOB" else word for word in words]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run([*COMMAND, *words], stdout=closed, stderr=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode in (0, 1)


def test_a_report_does_not_replace_its_job(job: Path) -> None:
    before = job.read_bytes()
    result = CliRunner().invoke(app, ["report", str(job), "--format", "html", "-o", str(job)])
    assert result.exit_code == 2
    assert "would replace the job file" in result.stderr
    assert job.read_bytes() == before


def test_a_csv_for_a_spreadsheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, failed = tmp_path / "users.csv", tmp_path / "failed.csv"
    source.write_text('username,full_name\n,"=HYPERLINK(""http://x"")"\n,@SUM(A1)\n,-1\n,Ada\n')
    words = ["provision", str(source), "--to", "alloy", "--sandbox", "--failed", str(failed)]
    assert CliRunner().invoke(app, words).exit_code == 1
    assert "=HYPERLINK" in failed.read_text()
    assert "'=HYPERLINK" not in failed.read_text()
    failed.unlink()
    assert CliRunner().invoke(app, [*words, "--safe-csv"]).exit_code == 1
    text = failed.read_text()
    assert "'=HYPERLINK" in text
    assert "'@SUM" in text
    assert "'-1" in text
    assert "'Ada" not in text
    job = str(source.with_suffix(".job"))
    report = CliRunner().invoke(app, ["report", job, "--format", "csv", "--safe-csv"])
    assert "'=HYPERLINK" in report.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
def test_rows_that_are_shown_on_a_terminal_cannot_steer_it(job: Path) -> None:
    mine, its = os.openpty()
    with os.fdopen(mine, "rb", buffering=0) as screen:
        process = subprocess.Popen([*COMMAND, "report", str(job), "--format", "csv"], stdout=its)
        os.close(its)
        shown = b""
        with suppress(OSError):  # how a terminal ends on Linux
            while part := screen.read(65536):
                shown += part
        assert process.wait() == 1
    text = shown.decode().replace("\r\n", "\n")
    assert text.startswith("_line,_status,_reason,")
    assert not steers(text)
