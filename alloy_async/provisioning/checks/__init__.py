"""Checks of the rows of a source, before anything is sent."""
