"""What importing costs: CPU time of fresh interpreters, as a ratio to importing the dependencies in the same round."""

from __future__ import annotations

import compileall
import resource
import subprocess
import sys
from pathlib import Path

import alloy_async

from ..measuring.harness import Figure, figure, one_core

DEPENDENCIES = "import aiohttp, attrs, cattrs, orjson, tenacity"
SYSTEMS = {
    "alloy": "from alloy_async import AsyncAlloy as C; C('key')",
    "alsid": "from alloy_async import AsyncAlsid as C; C('key', base_url='https://x.test')",
    "opendatasoft": "from alloy_async import AsyncOpendatasoft as C; C('key', base_url='https://x.test')",
    "smooch": "from alloy_async import AsyncSmooch as C; C('token')",
    "agilicus": "from alloy_async import AsyncAgilicus as C; C('token')",
}


def cpu(code: str) -> float:
    """Milliseconds of CPU time that a fresh interpreter needs to run `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def compare_imports(rounds: int) -> dict[str, list[float]]:
    """What each import costs, over what importing the dependencies costs in the same round."""
    programs = {name: f"{DEPENDENCIES}; {code}" for name, code in SYSTEMS.items()}
    ratios: dict[str, list[float]] = {name: [] for name in ("package", *programs)}
    cpu(f"{DEPENDENCIES}; import alloy_async")
    for _ in range(rounds):
        interpreter, dependencies = cpu("pass"), cpu(DEPENDENCIES)
        whole = dependencies - interpreter
        ratios["package"].append((cpu("import alloy_async") - interpreter) / whole)
        for name, program in programs.items():
            ratios[name].append((cpu(program) - dependencies) / whole)
    return ratios


def run(rounds: int) -> list[Figure]:
    rounds = max(5, rounds // 3)
    compileall.compile_dir(Path(alloy_async.__file__).parent, quiet=1)  # as an installer leaves it
    with one_core():
        ratios = compare_imports(rounds)
    return [
        figure("import alloy_async, against importing its dependencies", ratios.pop("package"), 0.06),
        *(
            figure(
                f"first {name} client on top, against importing its dependencies",
                samples,
                0.2 if name == "agilicus" else 0.15,
            )
            for name, samples in ratios.items()
        ),
    ]
