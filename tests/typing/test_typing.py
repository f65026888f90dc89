"""The calls in `*_calls.py`, as both type checkers see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alloy_async import Alloy, AsyncAlloy
from alloy_async.sandbox import Sandbox

from .coroutine_calls import use, use_sync

HERE = Path(__file__).parent
CALLS = [str(path) for path in HERE.glob("*_calls.py")]
VERSIONS = ("3.11", "3.13")
"""The oldest and the newest Python that the package is for; what is new in those between, the newest has too."""


def said_by(*checker: str) -> str:
    command = [sys.executable, "-m", *checker]
    root = HERE.parents[1]
    # With --verifytypes pyright asks the Python that stands first on PATH where packages are, whatever --pythonpath says.
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(
        command, cwd=root, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_mypy_agrees(version: str) -> None:
    options = ("--strict", "--python-version", version)  # as the gate's own run, which finds the cache warm
    verdict = said_by("mypy", *options, *CALLS)
    assert verdict.startswith("Success: no issues found"), verdict


@pytest.mark.parametrize("version", VERSIONS)
def test_pyright_agrees(version: str) -> None:
    options = ("--outputjson", "--pythonpath", sys.executable, "--pythonversion", version)
    verdict = json.loads(said_by("pyright", *options, "-p", str(HERE)))
    assert verdict["generalDiagnostics"] == []
    assert verdict["summary"]["filesAnalyzed"] == len(CALLS)


async def test_what_they_agree_on_runs() -> None:
    async with Sandbox("alloy") as sandbox, AsyncAlloy("key", base_url=sandbox.url) as alloy:
        await alloy.create_a_user("ada")
        assert await use(alloy, "ada") == ["ada"] * 8


def test_what_they_agree_on_runs_without_await() -> None:
    with Sandbox("alloy") as sandbox, Alloy("key", base_url=sandbox.url) as alloy:
        alloy.create_a_user("ada")
        assert use_sync(alloy, "ada") == ["ada"] * 3


def test_every_type_is_told() -> None:
    found = json.loads(said_by("pyright", "--verifytypes", "alloy_async", "--ignoreexternal", "--outputjson"))
    symbols = [symbol for symbol in found["typeCompleteness"]["symbols"] if symbol["isExported"]]
    assert len(symbols) > 7_000
    # `NotDoneError` overrides a class variable of click, which is an instance variable in click's other releases.
    told = [symbol for symbol in symbols if "NotDoneError" not in symbol["name"]]
    assert [symbol["name"] for symbol in told if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]] == []
