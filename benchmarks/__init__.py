"""Benchmarks: what calls and jobs cost, and what they do at limits, at faults and when they are killed.

`python -m benchmarks --help` measures what is in `calls` and `jobs`, by means of `measuring`. Each module beside this one is a
command of its own, as `python -m benchmarks.limits`; `random_calls` has what those need that call at random.
"""
