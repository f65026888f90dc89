"""Carry out a job: intents, requests, outcomes, doubts, and its end."""
