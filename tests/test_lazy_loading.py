"""Packages whose names live in one module for each topic."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from alloy_async.alloy import models

from .systems import SYSTEMS

STARTED = """
import sys
from alloy_async.{system} import {client}, models, operations
client = {client}("key")
loaded = lambda package: {{name for name in sys.modules if name.startswith(package.__name__ + ".")}}
assert not loaded(models) and not loaded(operations)
assert client.{method}.__doc__
assert {{name.rpartition(".")[2] for name in loaded(operations)}} <= {{"users", "common", "error_models"}}
assert models.{early}.__module__ == models.__name__ + ".users"
assert f"{{models.__name__}}.{{models.TOPICS[-1]}}" not in sys.modules
assert {late} <= set(dir(models))
assert not hasattr(models, "Person")
assert sorted(operations.__all__) == [name for name in dir(operations) if name in operations.__all__]
"""


@pytest.fixture
def food(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with two topics, of which the second also has a name of the first."""
    package = tmp_path / "food"
    package.mkdir()
    init = """
from alloy_async.lazy_loading import EVERYTHING, attach_lazy
__getattr__, __dir__, _ = attach_lazy(__name__, dict.fromkeys(('fruit', 'cake'), EVERYTHING))
"""
    (package / "__init__.py").write_text(init)
    (package / "fruit.py").write_text("apple = ['apple']\n_worm = 1")
    (package / "cake.py").write_text("from .fruit import apple\ntart = [apple]")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("food")
    for name in [name for name in sys.modules if name.partition(".")[0] == "food"]:
        del sys.modules[name]


def test_a_topic_is_loaded_when_one_of_its_names_is_asked_for(food: Any) -> None:
    assert "food.fruit" not in sys.modules
    assert food.apple == ["apple"]
    assert "food.cake" not in sys.modules
    assert food.tart[0] is food.apple is vars(food)["apple"]


def test_all_names_are_listed_and_taken(food: Any) -> None:
    assert {"apple", "tart"} <= set(dir(food))
    taken: dict[str, Any] = {}
    exec("from food import *", taken)
    assert {"apple", "tart"} <= taken.keys()
    assert "_worm" not in taken


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_a_topic_imports_for_itself_is_no_name_of_its_package(system: str) -> None:
    module = importlib.import_module(f"alloy_async.{system}.models")
    names: list[str] = getattr(module, "__all__", [])
    assert (len(names) > 10) is hasattr(module, "TOPICS"), "Alsid's models are one module"
    for name in names:
        home = getattr(getattr(module, name), "__module__", module.__name__)
        assert home.startswith(module.__name__) or not hasattr(importlib.import_module(home), name), name


@pytest.mark.parametrize("name", ["pear", "_worm", "__wrapped__"])
def test_a_name_that_no_topic_has(food: Any, name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'food' has no attribute '{name}'"):
        getattr(food, name)


@pytest.mark.parametrize(
    ("system", "client", "method", "early", "late"),
    [
        ("agilicus", "Agilicus", "get_user", "UserIdentity", {"Organisation", "Roles", "GroupMember"}),
        ("alloy", "AsyncAlloy", "get_a_user", "InvalidUser", {"ErrorMessage", "WorkflowLog", "BlockValues"}),
        ("smooch", "Smooch", "get_app_user", "AppUser", {"Role", "Message", "AppUserLink"}),
    ],
)
def test_a_client_starts_without_operations_and_models(
    system: str, client: str, method: str, early: str, late: set[str]
) -> None:
    program = STARTED.format(system=system, client=client, method=method, early=early, late=late)
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr


def test_a_client_starts_without_what_few_programs_need() -> None:
    needless = [
        "hook_events",
        "calls.hooks",
        "calls.map_unordered",
        "calls.observation",
        "calls.open_telemetry",
        "calls.attempt_notifications",
        "messages.answer",
        "messages.custom_request",
        "messages.multipart",
        "messages.stream",
        "messages.upload",
        "operation.pages",
        "operation.paging",
        "profiles",
        "ratelimit.shared_budget",
        "ratelimit.caller_wait",
        "sync_readers",
    ]
    assert all(importlib.util.find_spec(f"alloy_async.core.{name}") for name in needless)
    program = f"""
import sys
from alloy_async import Alloy, AsyncAlloy
AsyncAlloy("key"), Alloy("key")
loaded = [name for name in {needless} if f"alloy_async.core.{{name}}" in sys.modules]
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "name",
    [*(f"{system}.operations" for system in SYSTEMS), "directory", "provisioning", "provisioning.sources"],
)
def test_names_stand_with_the_module_that_has_them_for_checkers_too(name: str) -> None:
    package = importlib.import_module(f"alloy_async.{name}")
    path = Path(str(package.__file__))
    block = next(node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.If))
    homes = next(node.value for node in ast.walk(block) if isinstance(node, ast.Assign))
    for_checkers = {
        str(node.module): {alias.name for alias in node.names if alias.asname == alias.name}
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    assert {home: set(names) for home, names in ast.literal_eval(homes).items()} == for_checkers
    for home, names in for_checkers.items():
        module = importlib.import_module(f"{package.__name__}.{home}")
        assert all(getattr(package, name) is getattr(module, name) for name in names)


def test_a_module_as_a_name_of_its_package() -> None:
    program = (
        "import sys, alloy_async.alsid as alsid; assert 'alloy_async.alsid.models' not in sys.modules;"
        "assert alsid.models.User and 'models' in dir(alsid)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_model_is_pickled() -> None:
    user = models.User("1", "ada", extra={"age": 36})
    assert pickle.loads(pickle.dumps(user)) == user
