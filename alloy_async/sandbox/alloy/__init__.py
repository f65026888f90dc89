"""The Alloy Embedded API (2024-03), emulated."""
