"""The Smooch API (v1), emulated."""
