"""The commands of `alloy-async`, one module for each group."""
