"""The queues of operations, the limits that hold them, and which operations share one."""
