"""What Ctrl-C ends at once, and what it lets finish."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from alloy_async.cli.exit_codes import ExitCode
from alloy_async.cli.job_runner import JobTask, run_job
from alloy_async.cli.options.job_options import JobOptions
from alloy_async.cli.options.target import TargetOptions
from alloy_async.directory import Directory
from alloy_async.provisioning import RunOptions
from alloy_async.provisioning.events import Checked

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.mark.parametrize("sends", [False, True], ids=["a plan", "a job"])
def test_once_rows_are_checked_ctrl_c_ends_a_plan_and_lets_a_job_finish(
    sends: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan went on to its end, after a word of what was on its way."""
    stopped = False

    async def work(_: Directory, run: RunOptions) -> None:
        nonlocal stopped
        run.on_event(Checked(1, 0, 0, (), ()))
        os.kill(os.getpid(), signal.SIGINT)
        await run.stop.wait()
        stopped = True
        raise asyncio.CancelledError

    command = JobTask("users.csv", "alloy", TargetOptions(sandbox=True), work, sends=sends)
    assert run_job(command, JobOptions(progress="none")) is ExitCode.INTERRUPTED
    assert stopped is sends
    shown = capsys.readouterr().err
    assert ("nothing was sent" in shown) is not sends
    assert ("Stopping: what is on its way" in shown) is sends


def test_a_signal_that_comes_right_after_the_end_does_not_keep_it_from_being_told() -> None:
    """The second Ctrl-C of somebody who is in a hurry; the third one ends the command."""
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:

        async def work(_: Directory, run: RunOptions) -> None:
            run.on_event(Checked(1, 0, 0, (), ()))
            os.kill(os.getpid(), signal.SIGTERM)
            await run.stop.wait()

        def tell(_: object, __: JobOptions) -> ExitCode:
            os.kill(os.getpid(), signal.SIGTERM)
            return ExitCode.SUCCESS

        command = JobTask("users.csv", "alloy", TargetOptions(sandbox=True), work, finish=tell, sends=True)
        assert run_job(command, JobOptions(progress="none")) is ExitCode.SUCCESS
        assert heard == []
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
