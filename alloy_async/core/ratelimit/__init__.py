"""When a request may be sent: what the user and the server said about limits, and what pressure taught."""
