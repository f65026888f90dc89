"""Fixtures for the tests of those who use alloy_async, found by the entry point `pytest11`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .drift import DriftReport
    from .sandbox import Sandbox


def _run_sandbox(system: str) -> Iterator[Sandbox]:
    from .sandbox import Sandbox  # imported here: pytest loads this plugin in every run

    with Sandbox(system) as sandbox:
        yield sandbox
        sandbox.check_faults()


@pytest.fixture
def alloy_sandbox() -> Iterator[Sandbox]:
    """A fresh Alloy sandbox for one test, sync or async; the test fails where a fault rule met no request."""
    yield from _run_sandbox("alloy")


@pytest.fixture
def alsid_sandbox() -> Iterator[Sandbox]:
    """A fresh Alsid sandbox for one test, sync or async; the test fails where a fault rule met no request."""
    yield from _run_sandbox("alsid")


@pytest.fixture
def opendatasoft_sandbox() -> Iterator[Sandbox]:
    """A fresh Opendatasoft sandbox for one test, sync or async; the test fails where a fault rule met no request."""
    yield from _run_sandbox("opendatasoft")


@pytest.fixture
def smooch_sandbox() -> Iterator[Sandbox]:
    """A fresh Smooch sandbox for one test, sync or async; the test fails where a fault rule met no request."""
    yield from _run_sandbox("smooch")


@pytest.fixture
def agilicus_sandbox() -> Iterator[Sandbox]:
    """A fresh Agilicus sandbox for one test, sync or async; the test fails where a fault rule met no request."""
    yield from _run_sandbox("agilicus")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("alloy_async")
    group.addoption(
        "--fail-on-drift",
        action="store_true",
        help="fail a test whose `drift_report` holds a member or value that the models do not know",
    )


@pytest.fixture
def drift_report(request: pytest.FixtureRequest) -> Iterator[DriftReport]:
    """A DriftReport for `on_result=`; what it found stands among the test's output, or fails it with --fail-on-drift."""
    from .drift import DriftReport

    with DriftReport(strict=bool(request.config.getoption("--fail-on-drift"))) as report:
        yield report
        if report.found:
            request.node.add_report_section("call", "drift", str(report))


@pytest.fixture
def mocked_aiohttp() -> Iterator[Any]:
    """aiohttp without a network, mocked by aioresponses; needs that package."""
    from .aiohttp_mock import mock_aiohttp

    with mock_aiohttp() as mock:
        yield mock
