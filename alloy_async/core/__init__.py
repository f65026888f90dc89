"""What every client shares: it knows HTTP, and knows no system."""
