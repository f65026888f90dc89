"""What importing costs, in CPU time of a fresh interpreter over that of one that does less."""

from __future__ import annotations

import compileall
import resource
import subprocess
import sys
from pathlib import Path

import alloy_async

from .harness import Figure, figure, one_core

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


def over(code: str, base: str, rounds: int) -> list[float]:
    """What `code` costs beyond `base`, each pair measured one after the other."""
    cpu(code)
    return [cpu(code) - cpu(base) for _ in range(rounds)]


def run(rounds: int) -> list[Figure]:
    rounds = max(5, rounds // 3)
    compileall.compile_dir(Path(alloy_async.__file__).parent, quiet=1)  # as an installer leaves it
    with one_core():
        bare = over("import alloy_async", "pass", rounds)
        clients = {
            name: over(f"{DEPENDENCIES}; {code}", DEPENDENCIES, rounds) for name, code in SYSTEMS.items()
        }
    return [
        figure("import alloy_async, over a bare interpreter", bare, 60, unit="ms"),
        *(
            figure(
                f"first {name} client, over its dependencies' import",
                samples,
                150 if name == "agilicus" else 100,
                unit="ms",
            )
            for name, samples in clients.items()
        ),
    ]
