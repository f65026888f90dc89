"""Benchmarks: what a call costs beyond bare aiohttp, as ratios measured in one run. `python -m benchmarks --help`."""
