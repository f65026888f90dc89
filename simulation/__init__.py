"""What tests and benchmarks share, and users do not get: crowds at limited servers, jobs that crash, a directory in memory."""
