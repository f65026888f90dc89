"""What a job remembers: its plan, its intents and their outcomes, durable, behind one seam; all SQL stands here."""
