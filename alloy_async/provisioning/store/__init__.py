"""What a job remembers: its plan, its intents and their outcomes, durable; all SQL of the package stands here."""
