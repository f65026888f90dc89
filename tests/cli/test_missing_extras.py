"""A package that only an extra brings, and that is not there, is named with the extra, in one line and without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROGRAM = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
from alloy_async.cli import main
main()
"""


@pytest.mark.parametrize(
    ("package", "extra", "command"),
    [
        ("psycopg", "postgres", ["status", "postgresql://nobody@nowhere.invalid/jobs#june"]),
        (
            "psycopg",
            "postgres",
            ["provision", "users.csv", "--to", "alloy", "--job", "postgresql://x@y.invalid/z#june"],
        ),
        ("fastjsonschema", "sandbox", ["sandbox", "alloy"]),
        ("fastjsonschema", "sandbox", ["provision", "users.csv", "--to", "alloy", "--sandbox"]),
        ("python_calamine", "excel", ["lint", "users.xlsx", "--to", "alloy"]),
        ("pyarrow", "parquet", ["lint", "users.parquet", "--to", "alloy"]),
        ("fsspec", "remote", ["lint", "s3://bucket/users.csv", "--to", "alloy"]),
        ("jwt", "smooch", ["users", "list", "--in", "smooch", "--app-id", "app"]),
        ("platformdirs", "profiles", ["users", "list", "--profile", "acme"]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_the_extra_is_named(package: str, extra: str, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("username\nada@example.com\n")
    with zipfile.ZipFile(tmp_path / "users.xlsx", "w") as workbook:
        workbook.writestr("xl/workbook.xml", "<workbook/>")
    (tmp_path / "users.parquet").write_bytes(b"PAR1")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, package, *command],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if name != "ALLOY_ASYNC_PROFILES"},
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "ALLOY_API_KEY": "key",
            "SMOOCH_KEY_ID": "id",
            "SMOOCH_SECRET": "secret",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert f"pip install 'alloy-async[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")
