"""Pages that people open in a browser: each is one file that needs nothing else."""
