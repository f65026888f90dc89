"""Runs the Python blocks of a page one after the other, with top-level await, as a reader would: python run_page.py PAGE."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
import types
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def run(page: Path) -> None:
    text = page.read_text("utf-8")
    module = types.ModuleType("__main__")
    sys.modules["page"] = module
    namespace = vars(module)
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        tree = ast.parse("\n" * line + block[1], str(page))
        code = compile(tree, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, namespace)
        if inspect.isawaitable(result):
            await result


asyncio.run(run(Path(sys.argv[1])))
