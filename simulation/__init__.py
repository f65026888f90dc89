"""What tests and benchmarks share, and users do not get: stand-ins for directories, databases, clusters and disks.

`limits` has crowds at limited servers, `crashes` has jobs that are killed.
"""
