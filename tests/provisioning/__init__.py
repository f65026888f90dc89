"""Tests of bulk jobs."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "simulation.crashes.crashing_jobs", "simulation.crashes.job_scenario", "simulation.crashes.killed_jobs"
)
