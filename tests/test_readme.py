"""Every example of the README runs as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from alloy_async.sandbox import Sandbox
from benchmarks.__main__ import NAMES

from .directory.cases import organisation

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.split("\n", 1)[0])
def test_python_examples_run(code: str) -> None:
    systems = Sandbox("alloy"), Sandbox("agilicus", seed_users=3), Sandbox("opendatasoft", seed_users=0)
    with ExitStack() as stack:
        environment = dict(os.environ)
        for sandbox in systems:
            stack.enter_context(sandbox)
            name = sandbox.system.upper()
            environment |= {f"{name}_{what}": "key" for what in ("API_KEY", "TOKEN")}
            environment[f"{name}_BASE_URL"] = sandbox.url
        environment["AGILICUS_ORG_ID"] = organisation(systems[1])
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr == ""


def test_the_main_job_runs(tmp_path: Path) -> None:
    """The job of the first command; its set-up is what the gate has just done."""
    command = shlex.split(blocks("sh")[0].rsplit("&& .venv/bin/", 1)[1])
    assert command[0] == "alloy-async"
    command[1:] = [str(ROOT / word) if word.startswith("examples/") else word for word in command[1:]]
    failed, job = tmp_path / "failed.csv", tmp_path / "users.job"
    places = ["--failed", str(failed), "--job", str(job)]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "alloy-async"), *command[1:], *places],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr
    assert "created: 1180" in done.stdout
    assert len(failed.read_text(encoding="utf-8-sig").splitlines()) > 12


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 160


def test_the_picture_names_what_is_there() -> None:
    picture = README.split("## How it is built", 1)[1].split("```")[1]
    for name in re.findall(r"(\w+\.py)", picture):
        assert (ROOT / "alloy_async" / "core" / name).exists(), name
    room = ROOT / "alloy_async"
    for indent, folders in re.findall(r"^(  |    )((?:\w+/ ?)+)", picture, re.MULTILINE):
        parent = ROOT / "alloy_async" if indent == "  " else room
        for name in folders.split():
            assert (parent / name).is_dir(), name
        if indent == "  ":
            room = parent / folders.split()[0]


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", re.sub(r"`[^`]*`", "", page.read_text())):
        written_at_build = target.startswith("reference/")  # the site's own links are checked in tests/docs
        assert written_at_build or (page.parent / target).exists(), target


def test_the_benchmarks_named_are_there() -> None:
    named = re.findall(r"python -m benchmarks((?: \w+)*)", "".join(page.read_text() for page in PAGES))
    assert {name for words in named for name in words.split()} <= {*NAMES}
    assert len(named) > 3
