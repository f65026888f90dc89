"""What the server's answers say about limits: waits, quotas, refusals."""
