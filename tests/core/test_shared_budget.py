"""One budget for the processes of a host: kept together, learned together, safe under fork and kill -9."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from alloy_async import AsyncAlloy, ConfigurationError, Rate
from alloy_async.core.ratelimit import shared_budget
from alloy_async.core.ratelimit.shared_budget import SIZE, SharedBudget, open_shared_budget
from simulation.limits.crowd import Simulation
from simulation.limits.limited_servers import TokenBucket

HOLD_LOCK = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"alloy_async-budgets-{os.getuid()}"


@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 0.3)), min_size=1, max_size=80),
    rate=st.floats(1, 500),
    burst=st.integers(1, 20),
)
@settings(max_examples=40)
def test_processes_together_take_no_more_than_told(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, float]], rate: float, burst: int
) -> None:
    path = tmp_path_factory.mktemp("budget") / "one"
    told, now = Rate(rate, burst, shared=True), 1000.0
    budgets = [SharedBudget(path, told, now) for _ in range(4)]
    moments = []
    for number, pause in steps:
        now += pause
        moments.append(max(now, budgets[number].reserve(now)))
    moments.sort()
    for first, since in enumerate(moments):
        for count, until in enumerate(moments[first:], start=1):
            assert count <= rate * (until - since) + burst + 1e-6


def test_a_refusal_of_one_holds_all(tmp_path: Path) -> None:
    one, other = (SharedBudget(tmp_path / "b", Rate(100, shared=True), 10.0) for _ in range(2))
    assert one.note_refused(11.0, 10.9, 30.0, 0.0, False)
    assert other.opens_at() == 41.0
    assert not other.note_refused(11.1, 10.9, 30.0, 0.0, False)  # of the same volley


def test_a_call_that_fails_half_way_leaves_what_the_others_know(tmp_path: Path) -> None:
    """The numbers that a process has are those of the record only where it wrote them to their end."""
    one, other = (SharedBudget(tmp_path / "b", Rate(100, shared=True), 10.0) for _ in range(2))
    one.note_accepted(10.0, 9.9)
    known = one.export_numbers()
    wrong: Any = "soon"
    with pytest.raises(TypeError):
        one.note_refused(11.0, 10.9, wrong, 0.0, False)
    assert repr(one.export_numbers()) != repr(known)
    one.opens_at()
    other.opens_at()
    assert repr(one.export_numbers()) == repr(other.export_numbers()) == repr(known)  # some are not a number


def test_a_torn_record_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "b"
    budget = SharedBudget(path, Rate(10, shared=True), 10.0)
    for _ in range(50):
        budget.reserve(10.0)
    assert SharedBudget(path, Rate(10, shared=True), 10.0).reserve(10.0) > 14
    raw = bytearray(path.read_bytes())
    raw[3] ^= 0xFF
    path.write_bytes(raw)
    assert SharedBudget(path, Rate(10, shared=True), 10.0).reserve(10.0) <= 10.1


def test_a_file_that_is_emptied_keeps_what_its_processes_know(tmp_path: Path) -> None:
    one, other = (SharedBudget(tmp_path / "b", Rate(10, shared=True), 10.0) for _ in range(2))
    for _ in range(50):
        one.reserve(10.0)
    os.truncate(tmp_path / "b", 0)
    assert one.opens_at() < 10.0
    assert one.reserve(10.1) > 14
    assert other.reserve(10.1) > 14  # it reads what was written anew
    os.truncate(tmp_path / "b", 100)
    assert other.reserve(10.2) > 14


@pytest.mark.parametrize("with_folder", [False, True])
def test_processes_go_on_together_where_the_file_is_removed(folder: Path, with_folder: bool) -> None:
    one, other = (open_shared_budget("api.example", "x", Rate(10, shared=True), 10.0) for _ in range(2))
    for _ in range(50):
        one.reserve(10.0)
    for path in (*folder.iterdir(), *([folder] if with_folder else [])):
        path.rmdir() if path.is_dir() else path.unlink()
    assert one.reserve(10.0 + shared_budget.LOOK) > 14
    assert other.reserve(10.0 + shared_budget.LOOK) > 14.1
    third = SharedBudget(one._path, Rate(10, shared=True), 11.0)
    assert third.reserve(11.1) > 14.2
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_made_anew_stops_nobody(folder: Path) -> None:
    budget = open_shared_budget("api.example", "x", Rate(10, shared=True), 10.0)
    budget.reserve(10.0)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("a file where the folder was")
    for number in range(3):
        assert budget.reserve(20.0 + number) <= 20.0 + number


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_not_a_file_of_the_user_is_refused(folder: Path, kind: str, tmp_path: Path) -> None:
    path = open_shared_budget("api.example", "x", Rate(10, shared=True), 10.0)._path
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "another").write_bytes(b"of somebody")
        path.symlink_to(tmp_path / "another")
    with pytest.raises(ConfigurationError, match="the budget cannot be opened"):
        open_shared_budget("api.example", "x", Rate(10, shared=True), 10.0)


def test_an_emptied_key_is_made_anew(folder: Path) -> None:
    open_shared_budget("api.example", "x", Rate(10, shared=True), 10.0)
    os.truncate(folder / "key", 0)
    open_shared_budget("api.example", "x", Rate(10, shared=True), 10.0)
    assert (folder / "key").stat().st_size == 32


def test_a_disk_that_is_full_fails_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = SharedBudget(tmp_path / "b", Rate(10, shared=True), 10.0)
    monkeypatch.setattr(budget, "_file", os.open("/dev/full", os.O_RDWR))
    moments = [budget.reserve(10.0) for _ in range(20)]
    os.close(budget._file)
    assert moments[-1] > 11.8


def test_a_record_of_other_numbers_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = SharedBudget(tmp_path / "b", Rate(10, shared=True), 10.0)
    for _ in range(50):
        budget.reserve(10.0)
    monkeypatch.setattr(shared_budget, "SEED", shared_budget.SEED + 1)
    assert SharedBudget(tmp_path / "b", Rate(10, shared=True), 10.0).reserve(10.0) <= 10.1


def test_a_process_killed_with_the_lock_holds_nobody_up(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(tmp_path / "b")], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    budget = SharedBudget(tmp_path / "b", Rate(10, shared=True), 10.0)
    budget.reserve(10.0)
    assert budget._is_stuck  # the lock was held indeed; from here on nobody waits for it
    holder.kill()
    holder.communicate()
    budget.reserve(10.0)
    assert not budget._is_stuck


@pytest.mark.parametrize("uptime", [1e6, 300.0])
def test_the_time_before_the_host_started_counts_no_more(tmp_path: Path, uptime: float) -> None:
    path = tmp_path / "b"
    before = SharedBudget(path, Rate(1, shared=True), uptime)
    for _ in range(30):
        before.reserve(uptime)
    assert SharedBudget(path, Rate(1, shared=True), 5.0).reserve(5.0) <= 5.0


def test_a_holder_that_was_stopped_does_not_stop_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    budget = SharedBudget(tmp_path / "b", Rate(10, shared=True), 10.0)
    with (tmp_path / "b").open("rb") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        monkeypatch.setattr(shared_budget, "LOCK_PATIENCE", 0.0)
        assert budget.reserve(10.0) <= 10.0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_children_draw_from_the_same_budget(tmp_path: Path) -> None:
    budget = SharedBudget(tmp_path / "b", Rate(100, shared=True), 10.0)
    for _ in range(4):
        child = os.fork()
        if child == 0:
            for _ in range(250):
                budget.reserve(10.0)
            os._exit(0)
        if _ == 3:
            os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[0] == child
    taken = (budget.reserve(10.0) - 10.0) * 100 * 0.995
    assert 740 <= taken <= 1010


def test_the_file_tells_nothing_of_the_credential_and_is_its_users_own(folder: Path) -> None:
    budget = open_shared_budget("api.example:443", "very-secret", Rate(5, shared=True), 1.0)
    again = open_shared_budget("API.example:443", "very-secret", Rate(5, shared=True), 1.0)
    open_shared_budget("api.example:443", "another", Rate(5, shared=True), 1.0)
    assert budget._path == again._path
    assert len(list(folder.iterdir())) == 3  # two budgets and the key
    for path in (folder, *folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0 or path.name == "key"
        assert "secret" not in path.name
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    budget.reserve(1.0)
    assert budget._path.stat().st_size == SIZE


def test_a_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(ConfigurationError, match="open to other users"):
        open_shared_budget("api.example", "x", Rate(5, shared=True), 1.0)


def test_a_client_shares_where_its_rate_says_so(folder: Path) -> None:
    client = AsyncAlloy("key of this test", base_url="http://127.0.0.1:9", rate_limit=Rate(7, shared=True))
    assert isinstance(client._shared.limiter._common.budget, SharedBudget)
    del client


@pytest.mark.parametrize("killed", [0, 2])
def test_eight_processes_use_one_told_rate(tmp_path: Path, killed: int) -> None:
    server = TokenBucket(100, 10)
    budget = SharedBudget(tmp_path / "b", Rate(100, 10, shared=True), 0.0)
    simulation = Simulation(
        server, 1, workers=64, processes=8, budget=budget, killed=(10.0, killed), seconds=30
    )
    outcome = simulation.run()
    assert len(outcome.accepted) >= (0.95 if killed else 0.97) * server.allowed(30)
    assert outcome.refused_share() <= 0.01


def test_eight_processes_learn_a_rate_together(tmp_path: Path) -> None:
    server = TokenBucket(100, 10)
    budget = SharedBudget(tmp_path / "b", Rate(float("inf"), shared=True), 0.0)
    outcome = Simulation(server, 1, workers=64, processes=8, budget=budget, seconds=60).run()
    assert len(outcome.accepted) >= 0.9 * server.allowed(60)
    assert outcome.refused_share() <= 0.06


def test_real_processes_keep_the_rate_though_two_are_killed(tmp_path: Path) -> None:
    worker = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from alloy_async.core.ratelimit.configured_rate import Rate
        from alloy_async.core.ratelimit.shared_budget import SharedBudget

        budget = SharedBudget(Path(sys.argv[1]), Rate(200, 5, shared=True), time.monotonic())
        print("ready", flush=True)
        sys.stdin.readline()
        until = float(sys.argv[2]) + time.monotonic()
        while (now := time.monotonic()) < until:
            moment = budget.reserve(now)
            if moment > until:
                break
            time.sleep(max(0.0, moment - now))
            print(time.monotonic(), flush=True)
        """
    )
    path = str(tmp_path / "b")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", worker, path, "1.5"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    time.sleep(0.5)
    for process in processes[:2]:
        process.kill()
    moments = []
    for process in processes:
        lines = process.communicate()[0].split()
        moments += [float(line) for line in lines if line.replace(".", "").isdigit()]
    assert len(moments) <= 200 * (max(moments) - began) + 5 + len(processes)
    assert len(moments) > 100
