"""Print the lowest version of every dependency that pyproject.toml declares, as constraints for pip."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OF_DEVELOPERS = {"bench", "checkers", "conformance", "docs", "hosts", "peers", "stores", "test", "tools"}
CHECKED = [name for name in EXTRAS if name not in OF_DEVELOPERS]
"""The extras of users; what only developers install is taken as it comes."""

requirements = [*PROJECT["dependencies"], *(requirement for name in CHECKED for requirement in EXTRAS[name])]
for requirement in requirements:
    if found := re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*>=\s*([\w.]+)", requirement):
        print(f"{found[1]}=={found[2]}")
