"""A rate budget that processes on many hosts share: one row a credential, from which each leases requests."""
