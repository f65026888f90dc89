"""What each row is to do, and why: the source compared with what the system holds."""
