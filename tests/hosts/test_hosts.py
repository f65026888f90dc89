"""The code of the guide's host pages, in its host: FastAPI under uvicorn, aiohttp.web, Django, Celery, a notebook."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from alloy_async.sandbox import Fault, Sandbox, Status

ROOT = Path(__file__).parents[2]
GRACE = "grace.6@northwind.example"


def write_program(page: str, folder: Path, name: str) -> Path:
    """Write the code of a page to a file that its host can import."""
    text = (ROOT / "docs" / "hosts" / page).read_text("utf-8")
    path = folder / f"{name}.py"
    path.write_text("\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)))
    return path


def load_program(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def alloy_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alloy") as sandbox:
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        yield sandbox


def fetch(url: str) -> tuple[int, Any]:
    try:
        with urlopen(url, timeout=30) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")


def test_fastapi_under_uvicorn_with_four_workers(alloy_server: Sandbox, tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    write_program("fastapi.md", tmp_path, "app")
    # A worker says that it is ready before it listens; who connects to a socket that listens already is only made to wait.
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    command = [sys.executable, "-m", "uvicorn", "app:app", "--workers", "4", "--fd", str(listening.fileno())]
    with (
        listening,
        subprocess.Popen(
            command,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            pass_fds=[listening.fileno()],
        ) as server,
    ):
        watchdog = threading.Timer(60, server.kill)  # it starts a worker that fails again and again
        watchdog.start()
        try:
            assert server.stderr
            started = 0
            while started < 4:
                line = server.stderr.readline()
                assert line, "the server ended"
                started += "Application startup complete" in line
            drain = threading.Thread(target=server.stderr.read)
            drain.start()
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/users"
            answers = [fetch(f"{url}/{GRACE}") for _ in range(40)]
            assert fetch(f"{url}/nobody") == (404, {"error": "NotFound", "effect": "none"})
            alloy_server.faults.add(Fault(Status(401), "get_a_user", times=None))
            assert fetch(f"{url}/{GRACE}")[0] == 502
        finally:
            watchdog.cancel()
            server.terminate()
        drain.join(30)
    assert {(status, user["username"]) for status, user in answers} == {(200, GRACE)}
    assert {request.headers["Authorization"] for request in alloy_server.requests} == {"bearer key"}


async def test_aiohttp_web(alloy_server: Sandbox, tmp_path: Path) -> None:
    from aiohttp.test_utils import TestClient, TestServer

    module = load_program(write_program("aiohttp-web.md", tmp_path, "aiohttp_page"))
    async with TestClient(TestServer(module.app)) as client:
        async with client.get(f"/users/{GRACE}") as response:
            assert (await response.json())["username"] == GRACE
        async with client.get("/users/nobody") as response:
            assert response.status == 404


def test_django(alloy_server: Sandbox, tmp_path: Path) -> None:
    """In a process of its own: Django's settings can be made once."""
    pytest.importorskip("django")
    write_program("django.md", tmp_path, "site_urls")
    (tmp_path / "run.py").write_text(
        "import asyncio, django\n"
        "from django.conf import settings\n"
        "settings.configure(ROOT_URLCONF='site_urls', ALLOWED_HOSTS=['*'], SECRET_KEY='x', USE_TZ=True)\n"
        "django.setup()\n"
        "from django.test import AsyncClient, Client\n"
        f"assert Client().get('/users/{GRACE}/').json()['username'] == '{GRACE}'\n"
        "assert Client().get('/users/nobody/').status_code == 404\n"
        "async def ask():\n"
        f"    assert (await AsyncClient().get('/users/{GRACE}/')).json()['username'] == '{GRACE}'\n"
        "    assert len((await AsyncClient().get('/users/')).json()['users']) == 8\n"
        "asyncio.run(ask())\n"
    )
    done = subprocess.run([sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_celery(alloy_server: Sandbox, tmp_path: Path) -> None:
    """A worker process with a broker of files, since a network is not needed to show it."""
    pytest.importorskip("celery")
    write_program("celery.md", tmp_path, "tasks")
    (tmp_path / "broker").mkdir()
    (tmp_path / "local.py").write_text(
        "from tasks import app, create_user\n"
        "folder = 'broker'\n"
        "app.conf.broker_transport_options = {'data_folder_in': folder, 'data_folder_out': folder}\n"
        "app.conf.result_backend = 'file://results'\n"
    )
    (tmp_path / "results").mkdir()
    environment = {**os.environ, "BROKER": "filesystem://"}
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "local", "worker", "--concurrency", "2", "-l", "warning"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    code = (
        "from local import create_user\n"
        "results = [create_user.delay(f'user{n}@example.com') for n in range(6)]\n"
        "print([len(result.get(timeout=90)) for result in results])\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == [24] * 6
    finally:
        worker.terminate()
        worker.wait(30)
    assert alloy_server.ledger.count("create_a_user") == 6


def test_the_task_of_airflow(alloy_server: Sandbox, tmp_path: Path) -> None:
    module = load_program(write_program("airflow.md", tmp_path, "airflow_page"))
    source, job = tmp_path / "users.csv", tmp_path / "run.job"
    source.write_text("username\nada\nbob\n")
    assert module.provision_once(source, job) == 0
    assert module.provision_once(source, job) == 0, "what the task does when it is repeated"
    assert {change.key for change in alloy_server.ledger} == {"ada", "bob"}


def test_a_notebook(alloy_server: Sandbox, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("nbconvert")
    text = (ROOT / "docs" / "hosts" / "notebooks.md").read_text("utf-8")
    cells = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, tmp_path / "page.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--output", "done.ipynb"]
    done = subprocess.run([*command, "page.ipynb"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(tmp_path / "done.ipynb", 4).cells
    shown = [output["data"] for cell in cells for output in cell.outputs if "data" in output]
    assert shown[0]["text/plain"].startswith("[User(user_id=")
    assert "northwind" in shown[1]["text/plain"]
