"""Rate limits in virtual time: servers that have one, and crowds that call them."""
