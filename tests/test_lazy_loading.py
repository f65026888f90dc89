"""Packages whose names live in one module for each topic."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from alloy_async.alloy import models

STARTED = """
import sys
from alloy_async.{system} import {client}, models
{client}("key")
package = models.__name__ + "."
assert {{name for name in sys.modules if name.startswith(package)}} == {{package + "common"}}
assert models.{early}.__module__ == package + "users"
assert package + models.TOPICS[-1] not in sys.modules
assert {late} <= set(dir(models))
assert not hasattr(models, "Person")
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


@pytest.mark.parametrize("name", ["pear", "_worm", "__wrapped__"])
def test_a_name_that_no_topic_has(food: Any, name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'food' has no attribute '{name}'"):
        getattr(food, name)


@pytest.mark.parametrize(
    ("system", "client", "early", "late"),
    [
        ("agilicus", "Agilicus", "UserIdentity", {"Organisation", "Roles", "GroupMember"}),
        ("alloy", "AsyncAlloy", "InvalidUser", {"ErrorMessage", "WorkflowLog", "BlockValues"}),
        ("smooch", "Smooch", "AppUser", {"Role", "Message", "AppUserLink"}),
    ],
)
def test_a_client_starts_without_the_models(system: str, client: str, early: str, late: set[str]) -> None:
    program = STARTED.format(system=system, client=client, early=early, late=late)
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr


def test_a_model_is_pickled() -> None:
    user = models.User("1", "ada", extra={"age": 36})
    assert pickle.loads(pickle.dumps(user)) == user
