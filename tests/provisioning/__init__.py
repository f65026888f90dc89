"""Tests of bulk jobs."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "simulation.crashing_jobs", "simulation.job_scenario", "simulation.killed_jobs"
)
