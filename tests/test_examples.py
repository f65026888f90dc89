"""The programs of the folder of examples run, as a user runs them; two more are run by the tests of their subject."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

EXAMPLES = Path(__file__).parents[1] / "examples"
ELSEWHERE = {"agilicus_to_opendatasoft", "indexed_job"}
"""tests/directory/test_copy.py and tests/provisioning/test_examples.py."""
LAST_LINES = {
    "notebook": "ada@example.org - Ada Lovelace",
    "provision_users": "12 are not in: alloy-async report users.job says why",
}


def test_every_example_is_run_by_a_test() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == ELSEWHERE | {*LAST_LINES} | {"web_backend"}


@pytest.mark.parametrize("name", LAST_LINES)
def test_a_program_runs(name: str, tmp_path: Path) -> None:
    for file in (f"{name}.py", "users.csv"):  # a job is written beside its source
        shutil.copy(EXAMPLES / file, tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", f"{name}.py"],
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].replace(f"{tmp_path}{os.sep}", "") == LAST_LINES[name]


async def test_the_web_backend_answers() -> None:
    spec = importlib.util.spec_from_file_location("web_backend", EXAMPLES / "web_backend.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    async with TestClient(TestServer(module.make_app())) as client:
        async with client.get("/users/ada.0@northwind.example") as response:
            assert response.status == 200
            assert (await response.json())["name"].startswith("Ada ")
        async with client.get("/users/nobody") as response:
            assert response.status == 404
