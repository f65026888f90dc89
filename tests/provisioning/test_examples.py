"""The example of an indexed job runs, as a user runs it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def test_three_workers_of_an_indexed_job(database: str, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "examples" / "indexed_job.py"),
        database,
        str(ROOT / "examples" / "users.csv"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,  # where the files of failed rows go
    )
    said, _ = await process.communicate()
    first, _, report = said.decode().partition("\n")
    assert first == "1188 users created, exit codes [1, 1, 1]", "as 12 rows are faulty"
    assert json.loads(report)["counts"]["created"] == 1188
    assert process.returncode == 1
    assert [path.name.endswith(".failed.csv") for path in tmp_path.iterdir()] == [True]
