"""Many jobs in one process, one for each tenant: fair between them, and none held up by another."""
