"""Profiles: one TOML file of named customers, each with its system, address, place and where its credential is kept."""
