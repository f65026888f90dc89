"""One call under way: its attempts, the state that all calls of a client share, and many calls at once."""
