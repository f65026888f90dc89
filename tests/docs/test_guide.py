"""The guide: its code runs, its commands work, it is built without a warning, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner

from alloy_async.cli.app import app
from alloy_async.cli.catalog import load_operations
from alloy_async.sandbox import Sandbox
from alloy_async.systems import SYSTEMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if not {"_build", "reference"} & set(page.relative_to(DOCS).parts)
]
OWN_TESTS = {"fastapi.md", "django.md", "celery.md", "airflow.md", "aiohttp-web.md"}
"""Pages whose code is a program of its own; tests/hosts runs it in its host."""
HOSTS = {"data-frames.md": ("pandas", "polars"), "opentelemetry.md": ("opentelemetry.sdk",)}


def list_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def name_page(page: Path) -> str:
    return str(page.relative_to(DOCS))


def with_blocks(language: str) -> list[Path]:
    return [page for page in PAGES if list_blocks(page, language)]


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a reader has set: a credential and an address for each system, and two profiles."""
    folder = tmp_path_factory.mktemp("reader")
    settings = dict(os.environ)
    with ExitStack() as stack:
        for system in SYSTEMS:
            sandbox = stack.enter_context(Sandbox(system))
            for name, value in {**sandbox.credentials, **sandbox.place, "base_url": sandbox.url}.items():
                settings[f"{system}_{name}".upper()] = value
        settings["ACME_KEY"] = settings["GLOBEX_KEY"] = "key"
        settings["ALLOY_ASYNC_PROFILES"] = str(folder / "profiles.toml")
        (folder / "profiles.toml").write_text(list_blocks(DOCS / "guide" / "profiles.md", "toml")[0])
        settings["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{settings['PATH']}"
        settings["PYTHONPATH"] = str(ROOT)
        yield settings


def write_files(page: Path, folder: Path) -> None:
    """Write the files that a reader has: users, those of two tenants and of both in one, and what the page gives a name."""
    shutil.copy(ROOT / "examples" / "users.csv", folder)
    header, *lines = (folder / "users.csv").read_text("utf-8-sig").splitlines()
    for tenant in ("acme", "globex"):
        (folder / f"{tenant}.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    both = [
        f"{header},customer",
        *(f"{line},{('acme', 'globex')[n % 2]}" for n, line in enumerate(lines[:20])),
        "",
    ]
    (folder / "everybody.csv").write_text("\n".join(both), encoding="utf-8")
    for block in list_blocks(page, "toml"):
        if named := re.match(r"# (\w+\.toml)\b", block):
            (folder / named[1]).write_text(block, encoding="utf-8")


@pytest.mark.parametrize(
    "page", [page for page in with_blocks("python") if page.name not in OWN_TESTS], ids=name_page
)
def test_the_code_of_a_page_runs(page: Path, environment: dict[str, str], tmp_path: Path) -> None:
    for package in HOSTS.get(page.name, ()):
        pytest.importorskip(package)
    write_files(page, tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).with_name("run_page.py")), str(page)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", with_blocks("sh"), ids=name_page)
def test_the_commands_of_a_page_work(
    page: Path, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, as in one session; what installs packages is only compared with the extras there are."""
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for block in list_blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for names in re.findall(r"(?:alloy-async|\.)\[([\w,]+)\]", line):
                assert {*names.split(",")} <= extras.keys()
            if line.startswith(("alloy-async", "python -m alloy_async")):
                words = shlex.split(re.sub(r"^python -m alloy_async|^alloy-async", "", line), comments=True)
                done = CliRunner().invoke(app, words)
                assert done.exit_code in (0, 1, 5), f"{line}\n{done.stderr}"


@pytest.mark.parametrize("page", with_blocks("toml"), ids=name_page)
def test_toml_is_toml(page: Path) -> None:
    for block in list_blocks(page, "toml"):
        assert tomllib.loads(block)


def test_json_is_json() -> None:
    for page in with_blocks("json"):
        for block in list_blocks(page, "json"):
            assert json.loads(block)


# The site


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("sphinx", "myst_parser", "furo"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    source, out = tmp_path_factory.mktemp("docs"), tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_build", "reference"))
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        str(source),
        str(out),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    return out


class Links(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.targets.add(value)


def test_the_site(site: Path) -> None:
    """In one test, so that not each worker builds it: it is built, its links lead somewhere, and the reference is whole."""
    assert find_broken_links(site) == []
    for system in SYSTEMS:
        check_reference(site, system)


def find_broken_links(site: Path) -> list[str]:
    pages = {page: Links(page.read_text("utf-8")) for page in site.rglob("*.html")}
    assert len(pages) > 30
    broken = []
    for page, links in pages.items():
        for target in links.targets:
            split = urlsplit(target)
            if split.scheme or split.netloc or (target.startswith("#") and len(target) == 1):
                continue
            path = (page.parent / unquote(split.path)).resolve() if split.path else page.resolve()
            if not path.exists() or (
                split.fragment and path in pages and unquote(split.fragment) not in pages[path].anchors
            ):
                broken.append(f"{page.relative_to(site)}: {target}")
    return broken


def check_reference(site: Path, system: str) -> None:
    page = (site / "reference" / f"{system}.html").read_text("utf-8")
    text = unescape(re.sub(r"<[^>]+>", "", page))
    for name, operation in load_operations(system).items():
        assert f'id="{system}-{name.replace("_", "-")}"' in page
        assert f"{operation.verb} {operation.route}" in text
    index = (site / "reference" / "index.html").read_text("utf-8")
    assert all(name in index for name in load_operations(system))
