"""How a job is carried out: intents, requests, outcomes, doubts, and its end."""
